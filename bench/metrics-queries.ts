/**
 * Range queries over HTTP against Havn, Debian's Prometheus and Debian's VictoriaMetrics, the same data in each:
 * `scripts/node.sh bench/metrics-queries.ts [series] [hours] [seconds between samples] [runs]`. Each query is asked of one
 * after the other, again and again; the median counts. Answers are compared with Prometheus'. Before that all are started
 * anew, and what each query takes when it is asked for the first time is told too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, hostname, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Shape, writeRequests } from "@havn/telemetry/testing";
import { freePort } from "@havn/testkit";

const [series = 5_000, hours = 1, everySeconds = 15, runs = 7] = process.argv.slice(2).map(Number);
const perRequest = 5_000;
const steps = 200;
/** What `[5m]` is where samples are a minute apart or more. */
const range = `${Math.max(300, everySeconds * 4)}s`;
const twice = `${Math.max(600, everySeconds * 8)}s`;

interface Peer extends AsyncDisposable {
  name: string;
  headers: Record<string, string>;
  /** Of the process that runs now. */
  write(): string;
  query(): string;
  pids(): number[];
  /** What was sent before is there for who asks. */
  settled(): Promise<unknown>;
  /** Over the same data; resolves when it answers. */
  restart(): Promise<void>;
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
  `sum by (job) (rate(http_requests_total[${range}]))`,
  `topk(5, rate(http_requests_total[${range}]))`,
  // Nobody draws 80,000 lines, and 300 MB of JSON would only measure that.
  series > 10_000
    ? `max by (job) (max_over_time(http_requests_total[${twice}]))`
    : `max_over_time(http_requests_total[${twice}])`,
  `histogram_quantile(0.9, sum by (le) (rate(request_duration_seconds_bucket[${range}])))`,
  `sum(rate(http_requests_total{instance=~"10\\\\.0\\\\.0\\\\..*"}[${range}]))`,
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
    `${hostname()}, ${availableParallelism()} processors, load ${load()}: ${series} series, ${hours} h every ${everySeconds} s = ${(series * rounds).toLocaleString("en")} samples, ${steps} steps, median of ${runs} (milliseconds)`,
  );
  const requests = { series, rounds, perRequest, intervalMs: everySeconds * 1000, shape };
  for (const { body } of writeRequests(requests)) await Promise.all(peers.map((peer) => send(peer, body)));
  for (const peer of peers) await peer.settled();
  // Between samples: Prometheus 2 counts a sample on the edge of a window in, version 3 and Havn do not.
  const end = Math.floor(Date.now() / 1000) - 30.5;
  const step = Math.ceil((hours * 3600 - 300) / steps);
  const window = { start: end - steps * step, end, step };
  console.log(`  all written, load ${load()}`);
  for (const peer of peers) await showStart(peer, window);
  for (const query of queries) await compare(peers, query, window);
  for (const { name, pids } of peers)
    console.log(`  ${name}: ${Math.round((await resident(pids())) / 2 ** 20)} MiB resident`);
  console.log(`  load ${load()}`);
}

const load = () => loadavg()[0]?.toFixed(1);

/** How long it takes to start, and each query that is asked for the first time then. */
async function showStart(peer: Peer, window: Range): Promise<void> {
  const before = performance.now();
  await peer.restart();
  const started = performance.now() - before;
  const first: string[] = [];
  for (const query of queries) {
    const asked = performance.now();
    await ask(peer, query, window);
    first.push((performance.now() - asked).toFixed(0));
  }
  console.log(
    `  ${peer.name} started in ${started.toFixed(0)}; first answers ${first.join(", ")}; load ${load()}`,
  );
}

async function compare(peers: readonly Peer[], query: string, window: Range): Promise<void> {
  const times = new Map(peers.map(({ name }) => [name, [] as number[]]));
  const answers = new Map<string, string>();
  const spent = new Map(peers.map(({ name }) => [name, 0]));
  for (let run = 0; run < runs; run++)
    for (const peer of peers) {
      const spentBefore = await processorTime(peer.pids());
      const before = performance.now();
      const text = await ask(peer, query, window);
      times.get(peer.name)?.push(performance.now() - before);
      spent.set(peer.name, (spent.get(peer.name) ?? 0) + (await processorTime(peer.pids())) - spentBefore);
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

async function ask({ query: url, headers }: Peer, query: string, window: Range): Promise<string> {
  const search = new URLSearchParams({ query, ...mapToText(window) });
  // VictoriaMetrics remembers answers unless it is told not to. fetch asks for gzip, which not everybody has: none then.
  const plain = { ...headers, "accept-encoding": "identity" };
  const response = await fetch(`${url()}?${search}&nocache=1`, { headers: plain });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url()} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

const mapToText = (window: Range) =>
  Object.fromEntries(Object.entries(window).map(([name, value]) => [name, String(value)]));

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
  const response = await fetch(write(), {
    method: "POST",
    body: body as BodyInit,
    headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy", ...headers },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`);
}

async function openHavn(): Promise<Peer> {
  const entry = fileURLToPath(new URL("./metrics-queries-server.ts", import.meta.url));
  const directory = await mkdtemp("/tmp/havn-bench-queries-");
  const start = async () => {
    const child: ChildProcess = spawn(process.execPath, [...process.execArgv, entry, directory], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const [{ url, pids }] = (await once(child, "message")) as [{ url: string; pids: number[] }];
    return { child, url, pids };
  };
  let running = await start();
  const stop = async () => {
    const ended = once(running.child, "exit");
    running.child.send("stop");
    await ended;
  };
  return {
    name: "Havn",
    headers: { authorization: "Bearer bench" },
    write: () => `${running.url}/api/v1/write`,
    query: () => `${running.url}/prometheus/api/v1/query_range`,
    pids: () => running.pids,
    async settled() {
      running.child.send("flush");
      await once(running.child, "message");
    },
    async restart() {
      await stop();
      running = await start();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const openPrometheus = () =>
  openProgram({
    name: "Prometheus",
    command: "prometheus",
    flags: (directory, port) => [
      ...[`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`],
      ...[`--web.listen-address=127.0.0.1:${port}`, "--log.level=error"],
      ...["--web.enable-remote-write-receiver", "--query.max-samples=1000000000"],
    ],
    ready: "/-/ready",
    settle: undefined,
  });

const openVictoria = () =>
  openProgram({
    name: "VictoriaMetrics",
    command: "victoria-metrics",
    flags: (directory, port) => [
      ...[`-storageDataPath=${directory}/data`, `-httpListenAddr=127.0.0.1:${port}`, "-loggerLevel=ERROR"],
      ...["-search.maxUniqueTimeseries=1000000", "-search.maxSamplesPerQuery=1000000000"],
    ],
    ready: "/health",
    // It shows what it was sent after a second or two, or at once where it is asked to.
    settle: "/internal/force_flush",
  });

interface Program {
  name: string;
  command: string;
  flags(directory: string, port: number): string[];
  ready: string;
  settle: string | undefined;
}

async function openProgram({ name, command, flags, ready, settle }: Program): Promise<Peer> {
  const directory = await mkdtemp("/tmp/havn-bench-peer-");
  await writeFile(join(directory, "prometheus.yml"), "");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    const child = spawn(command, flags(directory, port), { stdio: "ignore" });
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${command} ended at its start`);
      const answers = await fetch(url + ready).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return child;
      await sleep(20);
    }
  };
  let child = await start();
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return {
    ...{ name, headers: {} },
    write: () => `${url}/api/v1/write`,
    query: () => `${url}/api/v1/query_range`,
    pids: () => [child.pid ?? 0],
    settled: async () => settle && (await fetch(url + settle)),
    async restart() {
      await stop();
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
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
