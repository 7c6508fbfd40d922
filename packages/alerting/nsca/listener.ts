import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { type CheckState, type Clock, checkStates } from "@havn/model";
import { greeting, type NscaMethod, type NscaResult, packetLengths, readResult } from "./packet.ts";

export interface NscaOptions {
  port: number;
  listen: string;
  method: NscaMethod;
  password: string;
  clock: Clock;
  /** Takes a result in; false where no check has these names. */
  take(result: {
    host: string;
    service: string | undefined;
    state: CheckState;
    output: string;
  }): Promise<boolean>;
  log(message: string): void;
}

/** Results that are older than this, or that much from the future, were recorded and played again: NSCA's own bound. */
const oldestSeconds = 30;
const silenceMs = 10_000;
/** However busily it sends: who keeps connections open would keep all others out. */
const longestMs = 30_000;
const mostConnections = 200;

/** What send_nsca sends to. The protocol answers nothing: who sends cannot know that a result was thrown away. */
export async function startNsca(options: NscaOptions): Promise<AsyncDisposable & { port: number }> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    if (connections.size >= mostConnections) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    socket.setTimeout(silenceMs, () => socket.destroy());
    const over = setTimeout(() => socket.destroy(), longestMs);
    socket
      .on("error", () => {})
      .once("close", () => {
        clearTimeout(over);
        connections.delete(socket);
      });
    serve(socket, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.listen, () => {
      server.off("error", reject).on("error", (cause) => options.log(`NSCA: ${cause.message}`));
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      });
    },
  };
}

function serve(socket: Socket, options: NscaOptions): void {
  const iv = randomBytes(128);
  const seconds = Math.floor(options.clock.now() / 1000);
  let held = Buffer.alloc(0);
  let before = Buffer.alloc(0);
  let taking: Promise<void> = Promise.resolve();
  const read = (ended: boolean) => {
    for (;;) {
      const found = cut(held, (bytes) => readResult(bytes, { ...options, iv, before }));
      if (!found) break;
      before = held.subarray(0, found.length);
      held = held.subarray(found.length);
      taking = taking
        .then(() => takeResult(found.result, options))
        .catch((cause: Error) => options.log(`NSCA: ${cause.message}`));
    }
    if (held.length < packetLengths[1] && !ended) return;
    if (held.length > 0)
      options.log(
        `NSCA: ${socket.remoteAddress} sends what cannot be read: is its password or method another?`,
      );
    socket.destroy();
  };
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    if (held.length >= packetLengths[0]) read(false);
  });
  socket.once("end", () => read(true));
  socket.write(greeting(iv, seconds));
}

/** A packet of either length at the start, whichever checksum is right. */
function cut(
  held: Buffer,
  read: (bytes: Buffer) => NscaResult | undefined,
): { length: number; result: NscaResult } | undefined {
  for (const length of packetLengths) {
    if (held.length < length) continue;
    const result = read(held.subarray(0, length));
    if (result) return { length, result };
  }
  return undefined;
}

async function takeResult(result: NscaResult, { clock, take, log }: NscaOptions): Promise<void> {
  const { timestamp, code, host, service, output } = result;
  const name = service === undefined ? host : `${host};${service}`;
  if (Math.abs(clock.now() / 1000 - timestamp) > oldestSeconds) {
    log(`NSCA: a result for ${name} is from another time and was thrown away`);
    return;
  }
  // A host's own result: 0 is up, 1 down, 2 unreachable.
  const state = service === undefined && code > 0 ? "critical" : (checkStates[code] ?? "unknown");
  if (!(await take({ host, service, state, output }))) log(`NSCA: no passive check is declared for ${name}`);
}
