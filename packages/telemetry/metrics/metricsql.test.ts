import assert from "node:assert/strict";
import { test } from "node:test";
import { createPromqlEngine } from "@havn/promql";
import { askEngine, differenceOf, generateDataset } from "@havn/promql/differential";
import { memoryQuerier } from "@havn/promql/testing";
import { until } from "@havn/testkit";
import { askPrometheus, writeToPrometheus } from "../testing/peer.ts";
import { startVictoria } from "../testing/victoria.ts";

// Windows that hold samples: shorter ones VictoriaMetrics makes wider by itself.
const expressions = [
  "rate(requests_total[1m])",
  "rate(requests_total[5m])",
  "increase(requests_total[1m])",
  "increase(requests_total[5m])",
  "delta(queue[2m])",
  "sum by (job) (rate(requests_total[2m]))",
  'WITH (own = {job="api"}) rate(requests_total{own, code!="500"}[2m])',
  "WITH (per_minute(m) = rate(m[2m]) * 60) sum by (job) (per_minute(requests_total)) / sum by (job) (per_minute(errors_total))",
  "WITH (by_job(x) = sum by (job) (x), total = increase(requests_total[5m])) by_job(total) > 10",
];

test("the dialect metricsql and Debian's VictoriaMetrics answer alike", { timeout: 600_000 }, async (t) => {
  await using victoria = await startVictoria();
  let compared = 0;
  const dataset = generateDataset(1);
  // It keeps no marker as its own series' end, and its native histograms are others.
  const series = dataset.series.filter(({ labels }) =>
    /^(requests|errors)_total$|^queue$/.test(labels.__name__ ?? ""),
  );
  const querier = memoryQuerier();
  for (const each of series) querier.addSeries(each);
  await writeToPrometheus(victoria.url, series);
  const startMs = dataset.startMs + 10 * 60_000;
  const base = { startMs, endMs: startMs + 25 * 60_000, stepMs: 60_000 };
  const ask = (text: string) => askPrometheus(victoria.url, { text, ...base }, { nocache: "1" });
  const isThere = async () => {
    // What came lately is not searched otherwise, or in part.
    await fetch(`${victoria.url}/internal/force_flush`);
    const answer = await ask('count({__name__=~"requests_total|errors_total|queue"}) by (__name__)');
    return answer.kind === "answered" && answer.series.length === 3;
  };
  await until(isThere, { what: "what was written", timeoutMs: 120_000 });
  const engine = createPromqlEngine({ querier });
  for (const text of expressions) {
    const theirs = await ask(text);
    const ours = await askEngine(engine, { text, ...base }, { dialect: "metricsql" });
    assert.equal(differenceOf(ours, theirs, false), undefined, text);
    if (theirs.kind === "answered") for (const { points } of theirs.series) compared += points.size;
    assert.ok(theirs.kind === "answered" && theirs.series.length > 0, text);
  }
  t.diagnostic(`${compared} points`);
});
