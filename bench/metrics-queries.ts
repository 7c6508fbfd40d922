/**
 * Range queries over HTTP against Havn, Debian's Prometheus and Debian's VictoriaMetrics, the same data in each:
 * `scripts/node.sh bench/metrics-queries.ts [series] [hours] [seconds between samples] [runs] [queries, such as 1,2,6]`.
 * Each query is asked of one after the other, again and again; the median counts. Answers are compared with Prometheus'.
 * Before that all are started anew, and what each query takes when it is asked for the first time is told too. Data stay
 * below TMPDIR (havn-bench-queries-…) for the next run with the same options; writing much takes several runs.
 */
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { availableParallelism, hostname, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { removeBroken, write } from "./metrics/queries/data.ts";
import { openPeers, type Peer } from "./metrics/queries/peers.ts";

const [numbers, [which]] = [process.argv.slice(2, 6), process.argv.slice(6)];
const [series = 5_000, hours = 1, everySeconds = 15, runs = 7] = numbers.map(Number);
const steps = 200;
/** What `[5m]` is where samples are a minute apart or more. */
const range = `${Math.max(300, everySeconds * 4)}s`;
const twice = `${Math.max(600, everySeconds * 8)}s`;

const all = [
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
const queries = which ? which.split(",").map((at) => all[Number(at) - 1] ?? "") : all;

async function main(): Promise<void> {
  const directory = join(tmpdir(), `havn-bench-queries-${series}-${hours}-${everySeconds}`);
  await removeBroken(directory);
  await mkdir(directory, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const peers = await openPeers(directory);
  for (const peer of peers) stack.use(peer);
  const rounds = Math.floor((hours * 3600) / everySeconds);
  console.log(
    `${hostname()}, ${availableParallelism()} processors, load ${load()}: ${series} series, ${hours} h every ${everySeconds} s = ${(series * rounds).toLocaleString("en")} samples, ${steps} steps, median of ${runs} (milliseconds)`,
  );
  const last = await write(directory, { peers, amount: { series, rounds, everySeconds }, seconds: 220 });
  if (last === undefined) return;
  // Between samples: Prometheus 2 counts a sample on the edge of a window in, version 3 and Havn do not.
  const end = last + 0.5;
  const step = Math.ceil((hours * 3600 - 300) / steps);
  const window = { start: end - steps * step, end, step };
  console.log(`  all written, load ${load()}`);
  for (const peer of peers) await showStart(peer, window);
  for (const query of queries) await compare(peers, query, window);
  for (const { name, pids } of peers) {
    const { own, files } = await resident(pids());
    console.log(`  ${name}: ${own + files} MiB resident, ${files} of them the programs' own files`);
  }
  console.log(`  load ${load()}`);
}

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(1));

const agent = new Agent({ keepAlive: true });
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

/** Milliseconds that all together may take before a question is asked as often as `manyRuns`. */
const shortMs = 100;
const manyRuns = 200;

interface Taken {
  times: number[];
  spent: number;
  answer: string;
}

async function compare(peers: readonly Peer[], query: string, window: Range): Promise<void> {
  const taken = peers.map((): Taken => ({ times: [], spent: 0, answer: "" }));
  const askAll = async () => {
    for (const [at, own] of taken.entries()) {
      const peer = peers[at];
      if (!peer) continue;
      const spentBefore = await processorTime(peer.pids());
      const before = performance.now();
      own.answer = await ask(peer, query, window);
      own.times.push(performance.now() - before);
      own.spent += (await processorTime(peer.pids())) - spentBefore;
    }
  };
  const began = performance.now();
  await askAll();
  // Of a few runs of what takes a millisecond, the median would tell what the computer did meanwhile, and how fast code
  // is that has just been started.
  const most = performance.now() - began < shortMs ? Math.max(runs, manyRuns) : runs;
  for (let run = 1; run < most; run++) await askAll();
  const medians = taken.map(({ times }) => medianOf(times));
  const [own = 0, ...others] = medians;
  const shown = taken
    .map(({ spent }, at) => {
      return `${peers[at]?.name} ${written(medians[at] ?? 0)} (${written(spent / most)} of a processor)`;
    })
    .join("  ");
  const ratios = others.map((other) => `${(other / own).toFixed(2)}×`).join(" ");
  const difference = differenceOf(taken[0]?.answer ?? "", taken[1]?.answer ?? "");
  console.log(`  ${query} (${most} runs)\n      ${shown}  as fast as the others: ${ratios}  ${difference}`);
}

const written = (milliseconds: number) => milliseconds.toFixed(milliseconds < 20 ? 1 : 0);

interface Range {
  start: number;
  end: number;
  step: number;
}

/** Not with fetch, which takes longer than some answers do. */
async function ask({ query: url, headers }: Peer, query: string, window: Range): Promise<string> {
  const search = new URLSearchParams({ query, ...mapToText(window) });
  // VictoriaMetrics remembers answers unless it is told not to.
  const sent = request(`${url()}?${search}&nocache=1`, { headers, agent });
  const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  if (response.statusCode !== 200)
    throw new Error(`${url()} answered ${response.statusCode}: ${text.slice(0, 300)}`);
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

/** MiB in memory: what they hold themselves, and what is mapped of their programs' files, which the kernel may drop. */
async function resident(pids: readonly number[]): Promise<{ own: number; files: number }> {
  let [own, files] = [0, 0];
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    own += Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    files += Number(/RssFile:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }
  return { own: Math.round(own), files: Math.round(files) };
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
