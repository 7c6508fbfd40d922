/**
 * Range queries over HTTP against Havn, Debian's Prometheus and Debian's VictoriaMetrics, the same data in each:
 * `scripts/node.sh bench/metrics-queries.ts [series] [hours] [seconds between samples] [runs]`. Each query is asked of one
 * after the other, again and again; the median counts. Answers are compared with Prometheus'.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { availableParallelism, hostname, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { type Shape, startPrometheus, writeRequests } from "@havn/telemetry/testing";

const [series = 5_000, hours = 1, everySeconds = 15, runs = 7] = process.argv.slice(2).map(Number);
const perRequest = 5_000;
const steps = 200;

interface Peer {
  name: string;
  write: string;
  query: string;
  headers: Record<string, string>;
  pids: number[];
  settled(): Promise<unknown>;
}

/** Of ten series eight are counters of requests, two are buckets of a histogram. */
const shape: Shape = {
  labels(at): Record<string, string> {
    const own = { instance: `10.0.${(at >> 8) % 256}.${at % 256}:9100`, job: `job-${at % 7}`, n: String(at) };
    if (at % 10 < 8) return { __name__: "http_requests_total", code: String(200 + (at % 5)), ...own };
    const le = ["0.1", "0.5", "1", "5", "+Inf"][Math.floor(at / 10) % 5] ?? "";
    const group = String(Math.floor(at / 50) * 2 + (at % 2));
    return { __name__: "request_duration_seconds_bucket", le, job: own.job, group };
  },
  value(at, round) {
    if (at % 10 < 8) return round * ((at % 97) + 1) + ((at * 7919 + round * 104_729) % 50);
    return round * ((Math.floor(at / 10) % 5) + 1) * 3;
  },
};

const queries = [
  "sum by (job) (rate(http_requests_total[5m]))",
  "topk(5, rate(http_requests_total[5m]))",
  "max_over_time(http_requests_total[10m])",
  "histogram_quantile(0.9, sum by (le) (rate(request_duration_seconds_bucket[5m])))",
  'sum(rate(http_requests_total{instance=~"10\\\\.0\\\\.0\\\\..*"}[5m]))',
  'http_requests_total{n="17"}',
  "count(http_requests_total)",
];

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const peers = [
    stack.use(await openHavn()),
    stack.use(await openPrometheus()),
    stack.use(await openVictoria()),
  ];
  const rounds = Math.floor((hours * 3600) / everySeconds);
  console.log(
    `${hostname()}, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}: ${series} series, ${hours} h every ${everySeconds} s = ${(series * rounds).toLocaleString("en")} samples, ${steps} steps, median of ${runs} (milliseconds)`,
  );
  for (const { body } of writeRequests({
    series,
    rounds,
    perRequest,
    intervalMs: everySeconds * 1000,
    shape,
  }))
    await Promise.all(peers.map((peer) => send(peer, body)));
  for (const peer of peers) await peer.settled();
  // Between samples: Prometheus 2 counts a sample on the edge of a window in, version 3 and Havn do not.
  const end = Math.floor(Date.now() / 1000) - 30.5;
  const step = Math.ceil((hours * 3600 - 300) / steps);
  const range = { start: end - steps * step, end, step };
  for (const query of queries) await compare(peers, query, range);
  for (const { name, pids } of peers)
    console.log(`  ${name}: ${Math.round((await resident(pids)) / 2 ** 20)} MiB resident`);
}

async function compare(peers: readonly Peer[], query: string, range: Range): Promise<void> {
  const times = new Map(peers.map(({ name }) => [name, [] as number[]]));
  const answers = new Map<string, string>();
  const spent = new Map(peers.map(({ name }) => [name, 0]));
  for (let run = 0; run < runs; run++)
    for (const peer of peers) {
      const spentBefore = await processorTime(peer.pids);
      const before = performance.now();
      const text = await ask(peer, query, range);
      times.get(peer.name)?.push(performance.now() - before);
      spent.set(peer.name, (spent.get(peer.name) ?? 0) + (await processorTime(peer.pids)) - spentBefore);
      answers.set(peer.name, text);
    }
  const medians = peers.map(({ name }) => medianOf(times.get(name) ?? []));
  const [own = 0, ...others] = medians;
  const difference = differenceOf(answers.get("Havn") ?? "", answers.get("Prometheus") ?? "");
  const shown = peers
    .map(({ name }, at) => {
      return `${name} ${medians[at]?.toFixed(0)} (${((spent.get(name) ?? 0) / runs).toFixed(0)} of a processor)`;
    })
    .join("  ");
  const ratios = others.map((other) => `${(other / own).toFixed(2)}×`).join(" ");
  console.log(`  ${query}\n      ${shown}  as fast as the others: ${ratios}  ${difference}`);
}

interface Range {
  start: number;
  end: number;
  step: number;
}

async function ask({ query: url, headers }: Peer, query: string, range: Range): Promise<string> {
  const search = new URLSearchParams({ query, ...mapToText(range) });
  // VictoriaMetrics remembers answers unless it is told not to. fetch asks for gzip, which not everybody has: none then.
  const plain = { ...headers, "accept-encoding": "identity" };
  const response = await fetch(`${url}?${search}&nocache=1`, { headers: plain });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

const mapToText = (range: Range) =>
  Object.fromEntries(Object.entries(range).map(([name, value]) => [name, String(value)]));

interface Answer {
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
}

/** The largest relative difference of two answers' values, or what else differs. */
function differenceOf(left: string, right: string): string {
  const [a, b] = [left, right].map((text) => {
    const { result } = (JSON.parse(text) as Answer).data;
    const key = (metric: Record<string, string>) => JSON.stringify(Object.entries(metric).sort());
    return new Map(result.map(({ metric, values }) => [key(metric), new Map(values)]));
  });
  if (!a || !b || a.size !== b.size) return `DIFFERENT: ${a?.size} and ${b?.size} series`;
  let most = 0;
  for (const [key, values] of a) {
    const others = b.get(key);
    if (others?.size !== values.size) return `DIFFERENT: ${values.size} and ${others?.size} points of ${key}`;
    for (const [time, value] of values) {
      const [x, y] = [Number(value), Number(others.get(time))];
      if (Object.is(x, y)) continue;
      most = Math.max(most, Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)));
    }
  }
  return most === 0 ? "equal" : `equal to ${most.toExponential(0)}`;
}

async function send({ write, headers, name }: Peer, body: Uint8Array): Promise<void> {
  const response = await fetch(write, {
    method: "POST",
    body: body as BodyInit,
    headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy", ...headers },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`);
}

async function openHavn(): Promise<Peer & AsyncDisposable> {
  const entry = fileURLToPath(new URL("./metrics-queries-server.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, entry], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ url, pids }] = (await once(child, "message")) as [{ url: string; pids: number[] }];
  return {
    ...{ name: "Havn", write: `${url}/api/v1/write`, query: `${url}/prometheus/api/v1/query_range`, pids },
    headers: { authorization: "Bearer bench" },
    async settled() {
      child.send("flush");
      await once(child, "message");
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.send("stop");
      await ended;
    },
  };
}

async function openPrometheus(): Promise<Peer & AsyncDisposable> {
  const prometheus = await startPrometheus(
    () => "",
    "--web.enable-remote-write-receiver",
    "--query.max-samples=1000000000",
  );
  const { url, pid } = prometheus;
  return {
    ...{ name: "Prometheus", write: `${url}/api/v1/write`, query: `${url}/api/v1/query_range`, pids: [pid] },
    headers: {},
    settled: async () => undefined,
    [Symbol.asyncDispose]: () => prometheus[Symbol.asyncDispose](),
  };
}

async function openVictoria(): Promise<Peer & AsyncDisposable> {
  const directory = await mkdtemp("/tmp/havn-bench-victoria-");
  const port = await freePort();
  const flags = [
    ...[`-storageDataPath=${directory}`, `-httpListenAddr=127.0.0.1:${port}`, "-loggerLevel=ERROR"],
    ...["-search.maxUniqueTimeseries=1000000", "-search.maxSamplesPerQuery=1000000000"],
  ];
  const child = spawn("victoria-metrics", flags, { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  for (let ready = false; !ready; ) {
    if (child.exitCode !== null) throw new Error("victoria-metrics ended at its start");
    ready = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
  return {
    ...{ name: "VictoriaMetrics", write: `${url}/api/v1/write`, query: `${url}/api/v1/query_range` },
    ...{ headers: {}, pids: [child.pid ?? 0] },
    // It shows what it was sent after a second or two, or at once where it is asked to.
    settled: () => fetch(`${url}/internal/force_flush`),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

async function resident(pids: readonly number[]): Promise<number> {
  let kib = 0;
  for (const pid of pids)
    kib += Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  return kib * 1024;
}

/** Milliseconds since they started. */
async function processorTime(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10;
}

const medianOf = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

await main();
