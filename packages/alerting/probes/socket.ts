import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** A connection that is read in pieces of a known kind. Every wait ends with an error when the other side closes. */
export interface Conversation {
  write(bytes: Uint8Array | string): void;
  /** Exactly so many bytes. */
  read(length: number): Promise<Buffer>;
  /** Up to a line's end, without it. */
  readLine(): Promise<string>;
  /** Goes on with TLS on the same connection. */
  secure(options: SecureOptions): Promise<TLSSocket>;
  /** Whatever has come so far, at least one byte. */
  readSome(): Promise<Buffer>;
  end(): void;
}

export interface SecureOptions {
  host: string;
  name?: string | undefined;
  /** Any certificate will do. */
  insecure?: boolean | undefined;
  authority?: string | undefined;
}

/** A server that sends without end is not listened to without end. */
const longest = 1024 * 1024;

export async function converse(
  { host, port }: { host: string; port: number },
  signal: AbortSignal,
): Promise<Conversation> {
  const socket = await opened(host, port, signal);
  return conversationOver(socket, signal);
}

/** Resolves once connected; the socket is destroyed when `signal` aborts. */
export function opened(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const stop = () => socket.destroy(new Error("no connection within the timeout"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", stop));
    socket.once("connect", () => {
      socket.off("error", reject);
      // What happens later is heard by whoever reads; an error that nobody reads must not end the process.
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

export function conversationOver(first: Socket, signal: AbortSignal): Conversation {
  let socket: Socket = first;
  let held = Buffer.alloc(0);
  let ended: Error | undefined;
  let wake: () => void = () => {};
  const take = (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    if (held.length > longest) socket.destroy(new Error("the answer is endless"));
    wake();
  };
  const end = (cause?: Error) => {
    ended ??=
      cause ?? new Error(signal.aborted ? "no answer within the timeout" : "the connection was closed");
    wake();
  };
  const onClose = () => end();
  const listen = () => socket.on("data", take).on("error", end).on("close", onClose).on("end", onClose);
  listen();

  async function until(enough: () => boolean): Promise<void> {
    while (!enough()) {
      if (ended) throw ended;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const cut = (length: number): Buffer => {
    const bytes = held.subarray(0, length);
    held = held.subarray(length);
    return bytes;
  };

  return {
    write: (bytes) => void socket.write(bytes),
    async read(length) {
      await until(() => held.length >= length);
      return cut(length);
    },
    async readLine() {
      await until(() => held.includes(10));
      return cut(held.indexOf(10) + 1)
        .toString("utf8")
        .replace(/\r?\n$/, "");
    },
    async readSome() {
      await until(() => held.length > 0);
      return cut(held.length);
    },
    async secure(options) {
      // Bytes that came in the clear must not count as if they had come encrypted.
      if (held.length > 0) throw new Error("the server spoke before encryption began");
      socket.off("data", take).off("error", end).off("close", onClose).off("end", onClose);
      const secured = await securedOver(socket, options);
      socket = secured;
      listen();
      return secured;
    },
    end: () => socket.destroy(),
  };
}

export function securedOver(
  socket: Socket,
  { host, name = host, insecure = false, authority }: SecureOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      ...{ socket, rejectUnauthorized: !insecure, host: name },
      ...(isIP(name) === 0 && { servername: name }),
      ...(authority !== undefined && { ca: authority }),
    });
    const closed = () => reject(new Error("the connection was closed during the TLS handshake"));
    secured.once("error", reject).once("close", closed);
    secured.once("secureConnect", () => {
      secured
        .off("error", reject)
        .off("close", closed)
        .on("error", () => {});
      resolve(secured);
    });
  });
}
