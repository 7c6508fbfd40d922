import { cpus, hostname } from "node:os";
import { createPromqlEngine } from "@havn/promql";
import { memoryQuerier } from "@havn/promql/testing";

// How fast the engine itself is, over series in memory: `scripts/node.sh bench/promql.ts [series]`.
const seriesCount = Number(process.argv[2] ?? 10_000);
const samplesEach = 240;
const everyMs = 15_000;
const endMs = samplesEach * everyMs;

const querier = memoryQuerier();
for (let i = 0; i < seriesCount; i++) {
  const timestamps = new Float64Array(samplesEach);
  const values = new Float64Array(samplesEach);
  for (let s = 0; s < samplesEach; s++) {
    timestamps[s] = s * everyMs + (i % 1000);
    values[s] = s * (i % 17) + (s > 120 && i % 50 === 0 ? -100 : 0);
  }
  const labels = { __name__: "requests_total", env: "shop", host: `web-${i % 100}`, path: `/p${i}` };
  querier.addSeries({ labels, timestamps, values });
}
const engine = createPromqlEngine({ querier, maxSamples: 1e9 });
// Sorts the store, which a real one does once too.
await engine.instant("count(requests_total)", endMs);

console.log(
  `${hostname()}, ${cpus()[0]?.model} × ${cpus().length}: ${seriesCount} series, ${samplesEach} samples each`,
);
for (const [steps, expr] of [
  [1, "requests_total"],
  [1, "sum by (host) (rate(requests_total[5m]))"],
  [61, "rate(requests_total[5m])"],
  [61, "sum by (host) (rate(requests_total[5m]))"],
  [241, "sum by (host) (rate(requests_total[5m]))"],
  [61, "max_over_time(requests_total[30m])"],
  [61, "requests_total / on(path) group_left requests_total"],
  [61, "topk(5, requests_total)"],
  [61, "quantile by (host) (0.9, requests_total)"],
] as const) {
  const stepMs = steps === 1 ? 1 : Math.floor(endMs / (steps - 1));
  const window = { startMs: steps === 1 ? endMs : 0, endMs, stepMs };
  const before = performance.now();
  const { matrix } = await engine.range(expr, window);
  const elapsed = performance.now() - before;
  console.log(`${expr}, ${steps} steps: ${elapsed.toFixed(0)} ms, ${matrix.length} series`);
}
console.log(`resident: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
