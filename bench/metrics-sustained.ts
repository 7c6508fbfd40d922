/**
 * Remote write into Havn for minutes on end, with a question every second beside it:
 * `scripts/node.sh bench/metrics-sustained.ts [seconds] [series] [rounds]`. Samples a second acknowledged, in the slowest ten
 * seconds too; what questions take meanwhile; the most resident memory; processor time of the senders, of Havn and of its
 * store. Ends with the rounds, where they are taken in sooner: requests are made before, as that is the senders' work.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseProcessStat } from "@havn/model";
import { writeRequests } from "@havn/telemetry/testing";

const [seconds = 300, series = 100_000, rounds = 1_000] = process.argv.slice(2).map(Number);
const perRequest = 5_000;
const senders = 4;
const questions = [
  'sum by (mode) (rate(node_cpu_seconds_total_3{datacenter="dc-1"}[5m]))',
  "topk(5, rate(node_network_receive_bytes_total_1[5m]))",
  'max_over_time(node_filesystem_avail_bytes_2{instance=~"10\\\\.0\\\\.1.*"}[10m])',
];

const requests = [...writeRequests({ series, rounds, perRequest })];
const directory = await mkdtemp(join(tmpdir(), "havn-bench-sustained-"));
const entry = fileURLToPath(new URL("./metrics-queries-server.ts", import.meta.url));
const child = spawn(process.execPath, ["--max-semi-space-size=4", entry, directory], {
  stdio: ["ignore", "inherit", "inherit", "ipc"],
  // As the server is started.
  env: { ...process.env, MALLOC_ARENA_MAX: "2" },
});
const [{ url, pids }] = (await once(child, "message")) as [{ url: string; pids: number[] }];
const authorization = "Bearer bench";

const processorTime = async (pid: number): Promise<number> => {
  const { user = 0, system = 0 } = parseProcessStat(await readFile(`/proc/${pid}/stat`, "utf8")) ?? {};
  return user + system;
};
const resident = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

function post(agent: Agent, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy", authorization };
    const request = httpRequest(`${url}/api/v1/write`, { method: "POST", agent, headers });
    request.once("error", reject);
    request.once("response", async (response) => {
      const answer = Buffer.concat(await response.toArray());
      if (response.statusCode === 204 || response.statusCode === 200) resolve();
      else reject(new Error(`answered ${response.statusCode}: ${answer}`));
    });
    request.end(body);
  });
}

async function ask(query: string): Promise<number> {
  const end = Date.now() / 1000;
  const start = end - rounds * 15;
  const asked = new URLSearchParams({ query, start: String(start), end: String(end), step: "60" });
  const began = performance.now();
  const response = await fetch(`${url}/prometheus/api/v1/query_range?${asked}`, {
    headers: { authorization },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return performance.now() - began;
}

console.log(
  `${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}: ${series.toLocaleString("en")} series, ${senders} senders, ${perRequest} samples a request`,
);
const before = await Promise.all([process.pid, ...pids].map(processorTime));
const began = performance.now();
const until = began + seconds * 1000;
const agent = new Agent({ keepAlive: true, maxSockets: senders });
const bySecond: number[] = [];
const queue = requests.values();
let [total, peak, at] = [0, 0, 0];
const waits: number[] = [];
const looking = setInterval(async () => {
  peak = Math.max(
    peak,
    (await Promise.all(pids.map(resident))).reduce((sum, one) => sum + one, 0),
  );
}, 1000);
const asking = (async () => {
  while (performance.now() < until && agent.maxSockets > 0) {
    waits.push(await ask(questions[at++ % questions.length] ?? ""));
    await sleep(1000);
  }
})();
const send = async () => {
  for (const { body, samples } of queue) {
    if (performance.now() > until) return;
    await post(agent, body);
    total += samples;
    const second = Math.floor((performance.now() - began) / 1000);
    bySecond[second] = (bySecond[second] ?? 0) + samples;
  }
};
await Promise.all(Array.from({ length: senders }, send));
const elapsed = (performance.now() - began) / 1000;
agent.maxSockets = 0;
await asking;
clearInterval(looking);
const spent = await Promise.all([process.pid, ...pids].map(processorTime));
const [own = 0, node = 0, store = 0] = spent.map((time, i) => time - (before[i] ?? 0));
const whole = Array.from({ length: Math.floor(elapsed / 10) }, (_, ten) =>
  bySecond.slice(ten * 10, ten * 10 + 10).reduce((sum, samples) => sum + (samples ?? 0), 0),
);
const sorted = waits.toSorted((a, b) => a - b);
const quantile = (q: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(0);
console.log(
  `  ${total.toLocaleString("en")} samples in ${elapsed.toFixed(0)} s: ${Math.round(total / elapsed).toLocaleString("en")} a second, ${Math.round(Math.min(...whole) / 10).toLocaleString("en")} in the slowest ten; load ${loadavg()[0]?.toFixed(1)}`,
);
console.log(
  `  processors: senders ${own.toFixed(0)} s, Havn ${node.toFixed(0)} s, its store ${store.toFixed(0)} s; ${Math.round(total / (node + store)).toLocaleString("en")} samples a second of Havn's and its store's`,
);
console.log(
  `  ${waits.length} questions: median ${quantile(0.5)} ms, 99 % ${quantile(0.99)} ms; ${peak.toFixed(0)} MiB resident at most`,
);
const ended = once(child, "exit");
child.send("stop");
await ended;
await rm(directory, { recursive: true, force: true });
