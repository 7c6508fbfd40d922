import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { type Labels, systemClock } from "@havn/model";
import type { Matcher, Querier, Series } from "@havn/promql/querier";
import type { ScriptStore } from "@havn/promql/testing";
import { createTelemetry, type TimedSample } from "../index.ts";

/** Where a script's moment 0 is put, and when it seems to be asked: what is stored can be neither old nor to come. */
const base = Date.UTC(2050, 0, 1);
const asked = Date.UTC(2100, 0, 1);

/**
 * The real store for conformance scripts: samples are ingested, spooled, inserted into embedded ClickHouse and read from
 * there. Times are shifted.
 */
export async function openScriptStore(): Promise<ScriptStore & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "havn-promqltest-"));
  const clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
  const telemetry = await createTelemetry({
    ...{ clickhouse, spoolDirectory: join(directory, "spool") },
    ...{ clock: { ...systemClock, now: () => asked }, retention: { samplesDays: 36_000 } },
  });
  let waiting: TimedSample[] = [];
  // What was there before a `clear` stays under another name.
  let round = 0;
  const environment = () => `script-${round}`;
  return {
    querier: shifted(telemetry.querier, environment),
    addSeries: (series) => void waiting.push(...samplesOf(series)),
    clear: () => void round++,
    async flush() {
      const samples = waiting;
      waiting = [];
      await telemetry.write(environment(), samples);
      await telemetry.flush();
    },
    async [Symbol.asyncDispose]() {
      await telemetry[Symbol.asyncDispose]();
      await clickhouse[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function* samplesOf({
  labels,
  timestamps,
  values,
  histograms,
  startTimestamps,
}: Series): Generator<TimedSample> {
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  for (const [at, timestamp] of timestamps.entries()) {
    const isStale = bits[at] === staleBits;
    const value = histograms?.[at] ?? (isStale ? "stale" : (values[at] ?? Number.NaN));
    const told = startTimestamps?.[at] ?? 0;
    const start = told === 0 ? undefined : base + told;
    yield { labels: renamed(labels, "env", ownLabel), time: base + timestamp, value, start };
  }
}
const staleBits = 0x7ff0000000000002n;

/** What a script calls `env` is stored under another name: the store has its own. */
const ownLabel = "script_env";

function renamed(labels: Labels, from: string, to: string): Labels {
  const { [from]: value, ...others } = labels;
  return value === undefined ? labels : { ...others, [to]: value };
}

function shifted(querier: Querier, environment: () => string): Querier {
  const own = (matchers: readonly Matcher[]): Matcher[] => [
    ...matchers.map((one) => (one.name === "env" ? { ...one, name: ownLabel } : one)),
    { name: "env", operator: "=", value: environment() },
  ];
  const ownSets = (sets: readonly (readonly Matcher[])[]) => (sets.length === 0 ? [[]] : sets).map(own);
  const later = ({ start, end }: { start: number; end: number }) => ({
    start: start + base,
    end: end + base,
  });
  const without = ({ env: _env, ...labels }: Labels) => renamed(labels, ownLabel, "env");
  return {
    async *select(matchers, range, signal) {
      for await (const { labels, timestamps, startTimestamps, ...rest } of querier.select(
        own(matchers),
        later(range),
        signal,
      ))
        yield {
          ...rest,
          labels: without(labels),
          timestamps: timestamps.map((time) => time - base),
          ...(startTimestamps && {
            startTimestamps: startTimestamps.map((time) => (time === 0 ? 0 : time - base)),
          }),
        };
    },
    labelNames: async (sets, range, signal) =>
      (await querier.labelNames(ownSets(sets), later(range), signal)).filter((name) => name !== "env"),
    labelValues: (name, sets, range, signal) =>
      querier.labelValues(name, ownSets(sets), later(range), signal),
    series: async (sets, range, signal) =>
      (await querier.series(ownSets(sets), later(range), signal)).map(without),
  };
}
