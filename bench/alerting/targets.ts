import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Whose page it is, and on which road it came. */
export const roads = ["Havn, check", "Prometheus, blackbox", "Havn, rule", "Prometheus, rule"] as const;
export type Road = (typeof roads)[number];

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** So many targets that answer at `/0`, `/1`, …; a broken one answers 500. `/metrics` tells of all. */
export async function startTargets(count: number) {
  const broken = new Set<number>();
  const served = await serve((request, response) => {
    const at = Number(request.url?.slice(1));
    if (Number.isInteger(at)) return void response.writeHead(broken.has(at) ? 500 : 200).end();
    const lines = Array.from({ length: count }, (_, one) => {
      return `bench_broken{target="target-${one}"} ${broken.has(one) ? 1 : 0}\n`;
    });
    response.setHeader("content-type", "text/plain; version=0.0.4").end(lines.join(""));
  });
  return {
    ...served,
    url: `http://127.0.0.1:${served.port}`,
    metrics: `127.0.0.1:${served.port}`,
    fail: (at: number) => void broken.add(at),
    heal: (at: number) => void broken.delete(at),
  };
}

/** The webhook server that both page: when it first heard of each target on each road. */
export async function startWatch() {
  const heard = new Map<string, number>();
  const served = await serve(async (request, response) => {
    const at = Date.now();
    const body = await text(request);
    response.end();
    const peer = request.url === "/peer";
    for (const found of body.matchAll(/(rule:|Check |probe:)target-(\d+)\b/g)) {
      const isRule = found[1] === "rule:";
      const road: Road = peer
        ? isRule
          ? "Prometheus, rule"
          : "Prometheus, blackbox"
        : isRule
          ? "Havn, rule"
          : "Havn, check";
      const key = `${road} ${found[2]}`;
      if (!heard.has(key)) heard.set(key, at);
    }
  });
  return {
    ...served,
    url: `http://127.0.0.1:${served.port}`,
    firstHeard: (road: Road, target: number) => heard.get(`${road} ${target}`),
  };
}
