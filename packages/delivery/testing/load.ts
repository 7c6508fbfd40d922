import { Agent, request } from "node:http";

/** What became of the requests of one method. Latencies in milliseconds from the moment a request was due. */
export interface MethodResult {
  sent: number;
  lost: number;
  /** Why requests were lost, and how often. */
  reasons: Record<string, number>;
  latency: { p50: number; p95: number; p99: number; max: number };
}

export interface LoadOptions {
  url: string;
  /** Requests a second, open loop: the next one goes when it is due, whether or not the ones before were answered. */
  rps: number;
  seconds: number;
  connections?: number;
  /** Share of POST requests. */
  posts?: number;
  get?: { path: string };
  post?: { path: string; body(serial: number): string; headers?(serial: number): Record<string, string> };
  signal?: AbortSignal;
}

interface Tally {
  sent: number;
  reasons: Record<string, number>;
  latencies: number[];
}

/**
 * Sends GET and POST over keep-alive connections and counts what got no 2xx answer. Nothing is tried twice: a real
 * client would not repeat a POST either.
 */
export async function runLoad(options: LoadOptions): Promise<Record<"GET" | "POST", MethodResult>> {
  const { url, rps, seconds, connections = 64, posts = 0.2, signal } = options;
  const base = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  const tallies: Record<"GET" | "POST", Tally> = { GET: empty(), POST: empty() };
  const under: Promise<void>[] = [];
  const begin = performance.now();
  const total = Math.round(rps * seconds);
  let postsDue = 0;
  for (let serial = 0; serial < total && !signal?.aborted; serial++) {
    const due = begin + (serial * 1000) / rps;
    // A timer is late by a millisecond or so: everything that is due by then goes at once.
    if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    postsDue += posts;
    const method = postsDue >= 1 ? "POST" : "GET";
    if (method === "POST") postsDue -= 1;
    under.push(one({ agent, base, method, serial, due, options, tally: tallies[method] }));
  }
  await Promise.all(under);
  agent.destroy();
  return { GET: summarize(tallies.GET), POST: summarize(tallies.POST) };
}

const empty = (): Tally => ({ sent: 0, reasons: {}, latencies: [] });

function one(given: {
  agent: Agent;
  base: URL;
  method: "GET" | "POST";
  serial: number;
  due: number;
  options: LoadOptions;
  tally: Tally;
}): Promise<void> {
  const { agent, base, method, serial, due, options, tally } = given;
  const { get, post } = options;
  const body = method === "POST" ? (post?.body(serial) ?? JSON.stringify({ serial })) : undefined;
  tally.sent++;
  return new Promise((resolve) => {
    let settled = false;
    const lose = (reason: string) => {
      if (settled) return;
      settled = true;
      tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1;
      resolve();
    };
    const call = request(
      {
        agent,
        method,
        host: base.hostname,
        port: base.port || 80,
        path: (method === "POST" ? post?.path : get?.path) ?? base.pathname,
        headers: {
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(method === "POST" ? post?.headers?.(serial) : {}),
        },
      },
      (response) => {
        response.resume();
        response.on("error", (error) => lose(`cut: ${error.message}`));
        response.on("end", () => {
          const code = response.statusCode ?? 0;
          if (!response.complete || code < 200 || code > 299) return lose(`status ${code}`);
          settled = true;
          tally.latencies.push(performance.now() - due);
          resolve();
        });
      },
    );
    call.setTimeout(30_000, () => call.destroy(new Error("no answer in 30 s")));
    call.on("error", (error: NodeJS.ErrnoException) => lose(error.code ?? error.message));
    call.end(body);
  });
}

function summarize({ sent, reasons, latencies }: Tally): MethodResult {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  const lost = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  return { sent, lost, reasons, latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) } };
}
