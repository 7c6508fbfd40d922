/**
 * How long a store with much on disk takes until it answers: `scripts/node.sh bench/metrics-start.ts [series] [hours]
 * [seconds between samples]`. Samples are made by ClickHouse itself; then the store is opened anew, in this process.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, hostname, loadavg } from "node:os";
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { createPromqlEngine } from "@havn/promql";
import { createTelemetry } from "@havn/telemetry";

const [series = 100_000, hours = 100, seconds = 300] = process.argv.slice(2).map(Number);
const directory = await mkdtemp("/tmp/havn-bench-start-");
const dataDirectory = join(directory, "clickhouse");
const spoolDirectory = join(directory, "spool");
const hour = 3600;
const end = Math.floor(Date.now() / 1000 / hour) * hour;

async function fill(): Promise<number> {
  await using clickhouse = await openClickHouse({ dataDirectory });
  await using _telemetry = await createTelemetry({ clickhouse, spoolDirectory });
  const ids = `SELECT cityHash64(number) AS id, number FROM numbers(${series})`;
  for (let day = 0; day <= hours / 24; day++)
    await clickhouse.execute(
      `INSERT INTO series SELECT toDate(toDateTime(${end - day * 24 * hour}, 'UTC')), id, concat('metric_', toString(number % 500)),
         map('instance', toString(intDiv(number, 500)), 'job', toString(number % 7)) FROM (${ids})`,
    );
  const each = hour / seconds;
  for (let at = end - hours * hour; at < end; at += hour)
    await clickhouse.execute(
      `INSERT INTO samples (series_id, timestamp, given) SELECT id, toDateTime64(${at} + step * ${seconds}, 3, 'UTC'), number * 10 + ${at} / ${seconds} + step
       FROM (${ids}) AS s CROSS JOIN (SELECT number AS step FROM numbers(${each})) AS t`,
    );
  const [size] = await clickhouse.rows<{ bytes: string; rows: string }>(
    "SELECT toString(sum(bytes_on_disk)) AS bytes, toString(sum(rows)) AS rows FROM system.parts WHERE active AND table = 'samples'",
  );
  console.log(`  ${size?.rows} samples, ${(Number(size?.bytes) / 2 ** 20).toFixed(0)} MiB`);
  return Number(size?.rows);
}

/** Milliseconds of processors that this process and ClickHouse's took: what a busy machine does not change. */
async function processorTime(clickhouse: number | undefined): Promise<number> {
  const { user, system } = process.cpuUsage();
  const stat = clickhouse === undefined ? "" : await readFile(`/proc/${clickhouse}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (user + system) / 1000 + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

async function open(): Promise<void> {
  const began = performance.now();
  const before = await processorTime(undefined);
  await using clickhouse = await openClickHouse({ dataDirectory });
  const opened = performance.now() - began;
  const opening = (await processorTime(clickhouse.pid)) - before;
  await using telemetry = await createTelemetry({ clickhouse, spoolDirectory });
  const ready = performance.now() - began;
  const readying = (await processorTime(clickhouse.pid)) - before;
  const engine = createPromqlEngine({ querier: telemetry.querier });
  const { matrix } = await engine.range('sum by (job) (rate(metric_7{job="3"}[1h]))', {
    startMs: (end - 6 * hour) * 1000,
    endMs: end * 1000,
    stepMs: 60_000,
  });
  const answered = performance.now() - began;
  console.log(
    `  takes samples after ${ready.toFixed(0)} ms (${readying.toFixed(0)} of processors; ClickHouse alone ${opened.toFixed(0)}, ${opening.toFixed(0)}), answered its first question after ${answered.toFixed(0)} ms (${matrix.length} series)`,
  );
}

console.log(
  `${hostname()}, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}: ${series} series over ${hours} hours, a sample every ${seconds} s`,
);
try {
  await fill();
  for (let run = 0; run < 3; run++) await open();
} finally {
  await rm(directory, { recursive: true, force: true });
}
