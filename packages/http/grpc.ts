import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { HavnError } from "@havn/model";
import type { AccessGate, Identity } from "./access.ts";
import { asHavnError } from "./problems.ts";

/** One unary method of a gRPC service. */
export interface GrpcMethod {
  /** `/package.Service/Method`. */
  path: string;
  summary: string;
  /** `noun:verb`, decided before a message is read. */
  action: string;
  /** Bytes of a message, decompressed. */
  largest: number;
  /** The message of the request → that of the answer. Throws a HavnError. */
  handle(call: GrpcCall): Promise<Uint8Array>;
}

export interface GrpcCall {
  message: Uint8Array;
  /** Metadata by lower-case name. */
  metadata: Readonly<Record<string, string | undefined>>;
  identity: Identity;
}

export interface GrpcServer extends AsyncDisposable {
  /** Port 0 takes a free one. */
  listen(at: { port: number; address: string }): Promise<number>;
}

// Codes of https://grpc.io/docs/guides/status-codes/
const codes = { ok: 0, unimplemented: 12, internal: 13 } as const;
// Who connects needs no token yet: how many there are, and for how long they say nothing, is bounded.
const mostSessions = 1_000;
const silenceMs = 120_000;

const codeOf: Readonly<Record<number, number>> = {
  ...{ 400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 409: 10, 413: 8, 415: 12, 422: 3, 429: 8, 503: 14, 504: 4 },
};

/**
 * Answers unary gRPC calls over HTTP/2 without TLS, each guarded as a route is: who, whether, and only then the message.
 * What a sender may try again is told as UNAVAILABLE.
 */
export function createGrpcServer({
  access,
  methods,
  log,
}: {
  access: AccessGate;
  methods: readonly GrpcMethod[];
  /** Told of failures that callers are not told about. */
  log(message: string): void;
}): GrpcServer {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  const server = createServer({ settings: { maxConcurrentStreams: 100 } });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    if (sessions.size >= mostSessions) {
      session.on("error", () => {}).destroy();
      return;
    }
    session.setTimeout(silenceMs, () => session.destroy());
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    // A client that goes away is no trouble of ours.
    session.on("error", () => {});
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    answer(stream, headers, { access, byPath, log }).catch((cause: unknown) => {
      log(`gRPC: ${String(cause)}`);
      stream.destroy();
    });
  });
  return {
    async listen({ port, address }) {
      server.listen(port, address);
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    },
    async [Symbol.asyncDispose]() {
      const closed = server.listening ? once(server, "close") : undefined;
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

interface Answering {
  access: AccessGate;
  byPath: ReadonlyMap<string, GrpcMethod>;
  log(message: string): void;
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { access, byPath, log }: Answering,
): Promise<void> {
  const path = String(headers[":path"] ?? "");
  try {
    const isGrpc = /^application\/grpc(\+proto)?(;|$)/.test(String(headers["content-type"] ?? ""));
    if (headers[":method"] !== "POST" || !isGrpc) {
      stream.respond({ ":status": 415 }, { endStream: true });
      return;
    }
    const method = byPath.get(path);
    if (!method) {
      refuse(stream, codes.unimplemented, `${path.slice(0, 200)} is not known here`);
      return;
    }
    const identity = await admit(method, headers, {
      access,
      remoteAddress: stream.session?.socket.remoteAddress ?? "",
    });
    const message = await readMessage(stream, { method, encoding: headers["grpc-encoding"] });
    const metadata = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
    );
    const bytes = await method.handle({ message, metadata, identity });
    reply(stream, bytes);
  } catch (cause) {
    const error = asHavnError(cause);
    if (error.status >= 500 && !error.retryable) log(`${path}: ${String(cause)}`);
    const code = error.retryable ? codeOf[503] : (codeOf[error.status] ?? codes.internal);
    refuse(stream, code ?? codes.internal, [error.message, error.detail].filter(Boolean).join(". "));
  }
}

async function admit(
  { action, path }: GrpcMethod,
  headers: IncomingHttpHeaders,
  { access, remoteAddress }: { access: AccessGate; remoteAddress: string },
): Promise<Identity> {
  const identity = await access.authenticate({
    ...{ authorization: headers.authorization, remoteAddress },
    cookies: {},
  });
  if (!identity)
    throw new HavnError("Nobody is signed in", {
      status: 401,
      detail: "Send the metadata authorization: Bearer <token>.",
    });
  if (await access.decide(identity, action, path)) return identity;
  throw new HavnError(`Your role (${identity.role}) may not do ${action}`, {
    status: 403,
    detail: "Ask an administrator for a token with a role that may.",
  });
}

const unzip = promisify(gunzip);

/** A byte that says whether it is compressed, four of its length, and the message. */
async function readMessage(
  stream: ServerHttp2Stream,
  { method, encoding }: { method: GrpcMethod; encoding: unknown },
): Promise<Uint8Array> {
  const whole = await readAll(stream, method.largest + 5);
  if (!whole) throw tooLarge(method.largest);
  if (whole.length < 5 || whole.readUInt32BE(1) !== whole.length - 5)
    throw new HavnError("The call holds not exactly one message", { status: 400, detail: "Send one." });
  const message = whole.subarray(5);
  if (whole[0] === 0) return message;
  if (encoding !== "gzip")
    throw new HavnError(`The encoding ${String(encoding).slice(0, 40)} is not taken here`, {
      status: 415,
      detail: "Send gzip, or nothing compressed.",
    });
  try {
    return await unzip(message, { maxOutputLength: method.largest });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(method.largest);
    throw new HavnError("The message is no gzip", { status: 400, cause });
  }
}

/** Undefined where there is more. The stream stays open, for the answer. */
function readAll(stream: ServerHttp2Stream, largest: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= largest) chunks.push(chunk);
      else resolve(undefined);
    });
    stream.once("end", () => resolve(Buffer.concat(chunks)));
    stream.once("close", () => reject(new HavnError("The caller went away", { status: 400 })));
  });
}

const tooLarge = (largest: number) =>
  new HavnError(`The message is larger than ${largest} bytes`, { status: 413, detail: "Send less at once." });

const head = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity,gzip",
};

function reply(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) return;
  stream.respond(head, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(codes.ok) }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
}

/** Status and message stand in the head where there is no answer; the message percent-encoded. */
function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
  if (stream.destroyed || stream.headersSent) return;
  const encoded = encodeURIComponent(message.slice(0, 1_000).toWellFormed()).replaceAll("%20", " ");
  stream.respond({ ...head, "grpc-status": String(code), "grpc-message": encoded }, { endStream: true });
  // What is still on its way is not kept.
  stream.resume();
}
