import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface Received {
  number: number;
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface Answer {
  status?: number;
  body?: string;
  json?: unknown;
  /** Sends without end. */
  endless?: boolean;
  /** Never answers. */
  silent?: boolean;
}

/** A fake of a provider: keeps what it got, and answers as `answer` says. */
export async function fakeProvider(answer: (received: Received) => Answer) {
  const received: Received[] = [];
  const first = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const one = { number: received.length, method, path: url, headers, body: await buffer(request) };
    received.push(one);
    first.resolve();
    const { status = 200, body = "", json, endless, silent } = answer(one);
    if (silent) return;
    response.on("error", () => {});
    response.writeHead(status, { "content-type": json === undefined ? "text/plain" : "application/json" });
    if (!endless) return response.end(json === undefined ? body : JSON.stringify(json));
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    received,
    /** Resolves with the first request. */
    first: first.promise,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
