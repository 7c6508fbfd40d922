import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { systemClock } from "@havn/model";
import { createPromqlEngine, type PromqlEngine, type Series } from "@havn/promql";
import {
  askEngine,
  type Dataset,
  differenceOf,
  type GeneratedQuery,
  generateDataset,
  generateQuery,
  isOrdered,
  knownDifferences,
  minimise,
} from "@havn/promql/differential";
import { memoryQuerier } from "@havn/promql/testing";
import { askPrometheus, writeRequest, writeToPrometheus } from "../testing/peer.ts";
import { startPrometheus } from "../testing/prometheus.ts";
import { openReceivingServer, type ReceivingServer } from "../testing/server.ts";

/** `DIFFERENTIAL_QUERIES=20000` asks as many; `DIFFERENTIAL_SEED` makes others of them. See bench/README.md. */
const queries = Number(process.env.DIFFERENTIAL_QUERIES ?? 500);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const reported = Number(process.env.DIFFERENTIAL_REPORTED ?? 10);
const timeout = 3_000_000;

describe("our engine and Debian's Prometheus answer generated queries alike", { timeout }, () => {
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  let dataset: Dataset;
  before(async () => {
    prometheus = await startPrometheus(
      () => "{}",
      "--web.enable-remote-write-receiver",
      "--enable-feature=native-histograms",
      "--storage.tsdb.retention.time=100y",
    );
    dataset = generateDataset(seed);
    await writeToPrometheus(prometheus.url, dataset.series);
  });
  after(() => prometheus?.[Symbol.asyncDispose]());

  async function compare(t: TestContext, engine: PromqlEngine, numbers: { from: number; to: number }) {
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
    for (let number = numbers.from; number < numbers.to; number++) {
      const query = generateQuery(dataset, seed, number);
      const found = await find(query);
      if (found.ours.kind === "answered") answered++;
      if (found.difference === undefined) continue;
      const smallest = await minimise(
        query,
        async (smaller) => (await find(smaller)).difference !== undefined,
      );
      const { difference = "another one each time", ...rest } = await find(smallest);
      const known = knownDifferences.find(({ explains }) => explains({ ...rest, difference }));
      if (known) counts.set(known.id, (counts.get(known.id) ?? 0) + 1);
      else if (unknown.push(`#${number} ${show(smallest)}: ${difference}`) >= reported) break;
    }
    const all = numbers.to - numbers.from;
    t.diagnostic(`${all} queries, ${answered} answered; known differences: ${JSON.stringify([...counts])}`);
    assert.deepEqual(unknown, []);
    assert.ok(answered > all * 0.8, `only ${answered} of ${all} were answered`);
  }

  test("over a store in memory", { timeout }, async (t) => {
    const querier = memoryQuerier();
    for (const series of dataset.series) querier.addSeries(series);
    await compare(t, createPromqlEngine({ querier }), { from: 0, to: queries });
  });

  test("over ClickHouse, that was written to by remote write while it was asked", { timeout }, async (t) => {
    const clock = { ...systemClock, now: () => dataset.endMs };
    await using server = await openReceivingServer({ clock, retention: { samplesDays: 36_000 } });
    const engine = createPromqlEngine({ querier: server.telemetry.querier });
    const middle = (dataset.startMs + dataset.endMs) / 2;
    await write(server, dataset.series, (time) => time <= middle);
    // What is remembered of the first half has to follow the second.
    for (let number = 0; number < 30; number++) await askEngine(engine, generateQuery(dataset, seed, number));
    await write(server, dataset.series, (time) => time > middle);
    await compare(t, engine, { from: 0, to: Math.ceil(queries / 4) });
  });
});

async function write(server: ReceivingServer, all: readonly Series[], wanted: (time: number) => boolean) {
  const part = all.flatMap(({ labels, timestamps, values, histograms }): Series[] => {
    const places = [...timestamps.keys()].filter((at) => wanted(timestamps[at] ?? 0));
    const [first, last] = [places[0], places.at(-1)];
    if (first === undefined || last === undefined) return [];
    const cut = <T extends { slice(from: number, to: number): T }>(column: T) =>
      column.slice(first, last + 1);
    const numbers = { timestamps: cut(timestamps), values: cut(values) };
    return [{ labels, ...numbers, ...(histograms && { histograms: histograms.slice(first, last + 1) }) }];
  });
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };
  const { status } = await server.post("/api/v1/write", writeRequest(...part), headers);
  assert.equal(status, 204);
  await server.telemetry.flush();
}

const show = ({ text, startMs, endMs, stepMs }: GeneratedQuery) =>
  stepMs === 0 ? `${text} at ${startMs}` : `${text} from ${startMs} to ${endMs} by ${stepMs}`;
