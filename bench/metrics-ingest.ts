/**
 * Remote write into Debian's Prometheus and into Havn, the same requests in the same run, one after the other:
 * `scripts/node.sh bench/metrics-ingest.ts [series] [rounds] [samples a request]`. Samples a second acknowledged, the most
 * resident memory, bytes a sample on disk after merges. With `node` instead of a number of series: what Debian's node
 * exporter says of this computer once a second for so many rounds, stored as if it were 15 s apart.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPrometheus, writeRequests } from "@havn/telemetry/testing";
import { scrapeNodeExporter } from "./metrics/node-exporter.ts";

const [which = "100000", ...sizes] = process.argv.slice(2);
const [rounds = 100, perRequest = 5_000] = sizes.map(Number);
const scraped = which === "node" ? await scrapeNodeExporter(rounds) : undefined;
const series = scraped?.series ?? Number(which);
// No more than a round has requests: Prometheus takes the samples of a series in their order only.
const senders = Math.min(4, Math.ceil(series / perRequest));

interface Target {
  name: string;
  write: URL;
  headers: Record<string, string>;
  /** Resolves when what was acknowledged is where queries find it. */
  settled(): Promise<unknown>;
  /** Bytes resident, and bytes on disk once everything is settled. */
  memory(): Promise<number>;
  /** Seconds of processor time since it started. */
  cpu(): Promise<number>;
  disk(): Promise<number>;
}

interface Result {
  rate: number;
  /** Samples a second of processor time: what a busy machine does not change. */
  perCpuSecond: number;
  memory: number;
  bytesPerSample: number;
}

async function run(target: Target): Promise<Result> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const queue = requests.values();
  const sendAll = async () => {
    for (const body of queue) await post(target, agent, body);
  };
  let peak = 0;
  const watch = setInterval(async () => {
    peak = Math.max(peak, await target.memory());
  }, 500);
  const cpuBefore = await target.cpu();
  const started = performance.now();
  await Promise.all(Array.from({ length: senders }, sendAll));
  const elapsed = (performance.now() - started) / 1000;
  await target.settled();
  const settled = (performance.now() - started) / 1000;
  const perCpuSecond = total / ((await target.cpu()) - cpuBefore);
  clearInterval(watch);
  const memory = Math.max(peak, await target.memory());
  agent.destroy();
  const rate = total / elapsed;
  const bytesPerSample = (await target.disk()) / total;
  console.log(
    `  ${target.name.padEnd(11)} ${Math.round(rate).toLocaleString("en").padStart(10)} samples/s  ${Math.round(perCpuSecond).toLocaleString("en").padStart(10)} a processor second  ${String(Math.round(memory / 2 ** 20)).padStart(5)} MiB resident at most  ${bytesPerSample.toFixed(2)} bytes/sample  (${elapsed.toFixed(1)} s, all found by queries after ${settled.toFixed(1)} s)`,
  );
  return { rate, perCpuSecond, memory, bytesPerSample };
}

function post({ write, headers, name }: Target, agent: Agent, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(write, {
      method: "POST",
      agent,
      headers: {
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "content-length": body.length,
        ...headers,
      },
    });
    request.once("error", reject);
    request.once("response", async (response) => {
      const chunks = await response.toArray();
      if (response.statusCode === 204 || response.statusCode === 200) resolve();
      else reject(new Error(`${name} answered ${response.statusCode}: ${Buffer.concat(chunks)}`));
    });
    request.end(body);
  });
}

/** Of files that several of them have in memory, such as Node's program, the largest share counts, and counts once. */
async function resident(...pids: number[]): Promise<number> {
  const files = new Map<string, number>();
  let kib = 0;
  for (const pid of pids) {
    const own = new Map<string, number>();
    let file = "";
    for (const line of (await readFile(`/proc/${pid}/smaps`, "utf8")).split("\n")) {
      const [, path] = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line) ?? [];
      if (path !== undefined) file = path;
      const [, field, size] = /^(Rss|Anonymous): +(\d+)/.exec(line) ?? [];
      if (field === "Anonymous") kib += Number(size);
      if (field) own.set(file, (own.get(file) ?? 0) + (field === "Rss" ? 1 : -1) * Number(size));
    }
    for (const [path, size] of own) files.set(path, Math.max(files.get(path) ?? 0, size));
  }
  for (const size of files.values()) kib += size;
  return kib * 1024;
}

async function processorTime(...pids: number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

async function folderSize(directory: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name))).size;
  return size;
}

async function runPrometheus(): Promise<Result> {
  await using prometheus = await startPrometheus(
    () => "",
    "--web.enable-remote-write-receiver",
    "--web.enable-admin-api",
  );
  return await run({
    name: "Prometheus",
    write: new URL("/api/v1/write", prometheus.url),
    headers: {},
    settled: async () => undefined,
    memory: () => resident(prometheus.pid),
    cpu: () => processorTime(prometheus.pid),
    // A snapshot writes the head as a block: what it is compacted to in the end.
    disk: async () => {
      await fetch(`${prometheus.url}/api/v1/admin/tsdb/snapshot`, { method: "POST" });
      return folderSize(join(prometheus.directory, "data", "snapshots"));
    },
  });
}

interface Started {
  url: string;
  pids: number[];
}

async function runHavn(): Promise<Result> {
  const entry = fileURLToPath(new URL("./metrics-ingest-server.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ["--max-semi-space-size=4", entry], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    // As the server is started.
    env: { ...process.env, MALLOC_ARENA_MAX: "2" },
  });
  const ask = async <T>(message: string): Promise<T> => {
    const answer = once(child, "message");
    child.send(message);
    return ((await answer) as [T])[0];
  };
  try {
    const [{ url, pids }] = (await once(child, "message")) as [Started];
    return await run({
      name: "Havn",
      write: new URL("/api/v1/write", url),
      headers: { authorization: "Bearer bench" },
      settled: () => ask("flush"),
      memory: () => resident(...pids),
      cpu: () => processorTime(...pids),
      disk: () => ask<number>("disk"),
    });
  } finally {
    const ended = once(child, "exit");
    child.send("stop");
    await ended;
  }
}

// Made before: that is the senders' work.
const requests: Uint8Array[] = [];
let total = 0;
for (const { body, samples } of writeRequests({
  ...{ series, rounds, perRequest },
  ...(scraped && { shape: scraped.shape }),
})) {
  requests.push(body);
  total += samples;
}
console.log(
  `${hostname()}, ${availableParallelism()} processors: ${series} series, ${total.toLocaleString("en")} samples, ${senders} senders, ${perRequest} samples a request`,
);
const prometheus = await runPrometheus();
const havn = await runHavn();
const ratio = (name: keyof Result) => (havn[name] / prometheus[name]).toFixed(2);
console.log(
  `  Havn / Prometheus: ${ratio("rate")} × the samples a second, ${ratio("perCpuSecond")} × a processor second, ${ratio("memory")} × the memory, ${ratio("bytesPerSample")} × the disk`,
);
