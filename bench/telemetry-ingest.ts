/** Samples and lines a second, acknowledged after fsync: `scripts/node.sh bench/telemetry-ingest.ts [seconds]`. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { createTelemetry } from "@havn/telemetry";
import { benchLogBatch, benchSampleBatch } from "@havn/telemetry/testing";

const seconds = Number(process.argv[2] ?? 5);
const agents = 16;
const directory = await mkdtemp("/tmp/havn-bench-ingest-");
console.log(`${hostname()}, ${availableParallelism()} processors, ${agents} agents, ${seconds} s each`);

async function run(name: string, rows: number, bytesOf: (agent: number, number: number) => Uint8Array) {
  await using clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
  await using telemetry = await createTelemetry({ clickhouse, spoolDirectory: join(directory, "spool") });
  const kind = name === "lines" ? "logs" : "samples";
  // Encoding is the agents' work, not the server's.
  const batches = Array.from({ length: agents }, (_, agent) =>
    Array.from({ length: 24 }, (_, number) => bytesOf(agent, number)),
  );
  const latencies: number[] = [];
  const started = performance.now();
  let total = 0;
  await Promise.all(
    batches.map(async (own, agent) => {
      for (let number = 0; performance.now() - started < seconds * 1000; number++) {
        const sent = performance.now();
        const bytes = own[number % own.length] ?? new Uint8Array();
        await telemetry.ingest(kind, `${number}`, { environment: "bench", host: `host-${agent}` }, bytes);
        latencies.push(performance.now() - sent);
        total += rows;
      }
    }),
  );
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const drainStarted = performance.now();
  await telemetry.flush();
  const drained = elapsed + (performance.now() - drainStarted) / 1000;
  const [p50, p99] = [0.5, 0.99].map((share) => latencies[Math.floor(latencies.length * share)]?.toFixed(1));
  const rate = (over: number) => Math.round(total / over).toLocaleString("en");
  console.log(
    `  ${name.padEnd(8)} ${rate(elapsed)}/s acknowledged with fsync (p50 ${p50} ms, p99 ${p99} ms a batch of ${rows}); ${rate(drained)}/s until all is in ClickHouse`,
  );
}

try {
  await run("samples", 2_000, (agent, number) => benchSampleBatch({ agent, number, series: 500, times: 4 }));
  await run("lines", 1_000, (agent, number) => benchLogBatch({ agent, number, lines: 1_000 }));
} finally {
  await rm(directory, { recursive: true, force: true });
}
