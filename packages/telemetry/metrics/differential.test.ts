import assert from "node:assert/strict";
import { test } from "node:test";
import { createPromqlEngine } from "@havn/promql";
import {
  askEngine,
  differenceOf,
  type GeneratedQuery,
  generateDataset,
  generateQuery,
  isOrdered,
  knownDifferences,
  minimise,
} from "@havn/promql/differential";
import { memoryQuerier } from "@havn/promql/testing";
import { askPrometheus, writeToPrometheus } from "../testing/peer.ts";
import { startPrometheus } from "../testing/prometheus.ts";

/** `DIFFERENTIAL_QUERIES=20000` asks as many; `DIFFERENTIAL_SEED` makes others of them. See bench/README.md. */
const queries = Number(process.env.DIFFERENTIAL_QUERIES ?? 500);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const reported = Number(process.env.DIFFERENTIAL_REPORTED ?? 10);

test("our engine and Debian's Prometheus answer generated queries alike", {
  timeout: 3_000_000,
}, async (t) => {
  await using prometheus = await startPrometheus(
    () => "{}",
    "--web.enable-remote-write-receiver",
    "--enable-feature=native-histograms",
    "--storage.tsdb.retention.time=100y",
  );
  const dataset = generateDataset(seed);
  const querier = memoryQuerier();
  for (const series of dataset.series) querier.addSeries(series);
  await writeToPrometheus(prometheus.url, dataset.series);
  const engine = createPromqlEngine({ querier });
  const find = async (query: GeneratedQuery) => {
    const [ours, theirs] = await Promise.all([
      askEngine(engine, query),
      askPrometheus(prometheus.url, query),
    ]);
    return { query, ours, theirs, difference: differenceOf(ours, theirs, isOrdered(query)) };
  };
  const counts = new Map<string, number>();
  const unknown: string[] = [];
  let answered = 0;
  for (let number = 0; number < queries; number++) {
    const query = generateQuery(dataset, seed, number);
    const found = await find(query);
    if (found.ours.kind === "answered") answered++;
    if (found.difference === undefined) continue;
    const smallest = await minimise(query, async (smaller) => (await find(smaller)).difference !== undefined);
    const { difference = "another one each time", ...rest } = await find(smallest);
    const known = knownDifferences.find(({ explains }) => explains({ ...rest, difference }));
    if (known) counts.set(known.id, (counts.get(known.id) ?? 0) + 1);
    else if (unknown.push(`#${number} ${show(smallest)}: ${difference}`) >= reported) break;
  }
  t.diagnostic(`${queries} queries, ${answered} answered; known differences: ${JSON.stringify([...counts])}`);
  assert.deepEqual(unknown, []);
  assert.ok(answered > queries * 0.8, `only ${answered} of ${queries} were answered`);
});

const show = ({ text, startMs, endMs, stepMs }: GeneratedQuery) =>
  stepMs === 0 ? `${text} at ${startMs}` : `${text} from ${startMs} to ${endMs} by ${stepMs}`;
