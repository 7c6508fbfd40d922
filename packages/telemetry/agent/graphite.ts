import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Labels } from "@havn/model";
import { parseGraphiteLine } from "../protocols/graphite/parse.ts";
import type { SampleSink } from "./listen.ts";

const longestLine = 16 * 1024;
const mostConnections = 256;
const dayMs = 86_400_000;
const oldestMs = 30 * dayMs;

export interface Graphite {
  port: number;
  stats: { lines: number; refusedLines: number };
  close(): Promise<void>;
}

/** Graphite's plain text over TCP. Lines that are wrong, or of times that are not kept, are counted and left out. */
export async function listenGraphite(options: {
  port: number;
  address: string;
  labels: Labels;
  sink: SampleSink;
  now: () => number;
}): Promise<Graphite> {
  const { sink, now, labels: own } = options;
  const stats = { lines: 0, refusedLines: 0 };
  const sockets = new Set<Socket>();

  function take(line: string): void {
    const point = parseGraphiteLine(line);
    if (!point) return;
    const at = now();
    const time = Math.round(point.time ?? at);
    if (time < at - oldestMs || time > at + dayMs) throw new TypeError("its time is not kept");
    const labels: Record<string, string> = Object.create(null);
    for (let part = 0; part < point.labels.length; part += 2)
      labels[point.labels[part] ?? ""] = point.labels[part + 1] ?? "";
    sink.add({ ...labels, ...own, __name__: point.name }, time, point.value);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        stats.lines++;
        try {
          take(line);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          stats.refusedLines++;
        }
      }
      if (rest.length > longestLine) socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  server.maxConnections = mostConnections;
  server.listen(options.port, options.address);
  await Promise.race([
    once(server, "listening"),
    once(server, "error").then(([error]) => Promise.reject(error)),
  ]);
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    stats,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
