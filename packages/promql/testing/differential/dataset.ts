import type { Histogram } from "../../histogram/histogram.ts";
import type { Series } from "../../querier.ts";
import { staleMarker } from "../../written/series.ts";
import { type Chance, createChance } from "./chance.ts";

/**
 * Generated series: counters with resets and gaps, gauges, numbers that are none, series that end and come again, classic
 * and native histograms, and labels of many forms.
 *
 * No sample lies at a whole quarter of a second, where all windows of the generated queries begin and end: version 2
 * closes windows at both ends, version 3 leaves them open at the start. Numbers are multiples of a quarter and counters
 * stand high above zero (see `known.ts`), so that sums are exact in whatever order they are made.
 */
export interface Dataset {
  startMs: number;
  endMs: number;
  series: Series[];
}

const quarter = 250;
/** Any time would do: it is one at which hours and days begin in between. */
const startMs = Date.UTC(2024, 1, 28, 23, 40);
const minutes = 40;

interface Sampled {
  at: number;
  value: number | Histogram | "stale";
}

export function generateDataset(seed: number): Dataset {
  const chance = createChance(seed);
  const endMs = startMs + minutes * 60_000;
  const series: Series[] = [];
  const add = (labels: Record<string, string>, samples: Sampled[]) => series.push(toSeries(labels, samples));
  for (const job of ["api", "web", "db"])
    for (const instance of ["a:1", "b:1", "c:2"]) {
      const own = { job, instance };
      for (const code of ["200", "404", "500"])
        if (chance.percent(85))
          add({ __name__: "requests_total", ...own, code }, counter(chance, timesOf(chance)));
      if (chance.percent(80)) add({ __name__: "errors_total", ...own }, counter(chance, timesOf(chance)));
      if (chance.percent(80)) add({ __name__: "queue", ...own }, gauge(chance, timesOf(chance)));
      if (chance.percent(80))
        add({ __name__: "temperature", ...own, unit: "°C" }, gauge(chance, timesOf(chance)));
      add(
        { __name__: "build_info", ...own, version: chance.pick(["1.0", "1.1", "2.0-rc"]) },
        steady(timesOf(chance), 1),
      );
    }
  odd(chance, add);
  histograms(chance, add);
  return { startMs, endMs, series };
}

type Add = (labels: Record<string, string>, samples: Sampled[]) => void;

function odd(chance: Chance, add: Add): void {
  const special = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    1e300,
    -1e300,
    1e-300,
    0.5,
  ];
  for (const kind of ["nan", "inf", "mixed"])
    add(
      { __name__: "special", kind },
      timesOf(chance).map((at) => ({
        at,
        value:
          kind === "nan"
            ? Number.NaN
            : kind === "inf"
              ? chance.pick([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
              : chance.pick([0, ...special]),
      })),
    );
  for (const ends of ["once", "often"])
    add({ __name__: "stale", ends, instance: "a:1" }, ending(chance, ends === "once" ? 1 : 12));
  add({ __name__: "one" }, gauge(chance, timesOf(chance)));
  add({ __name__: "late" }, gauge(chance, timesOf(chance).slice(-20)));
  add(
    { __name__: "seconds" },
    timesOf(chance).map((at) => ({ at, value: chance.whole(-2e9, 4e9) })),
  );
  add({ __name__: "odd", text: 'a"b\\c' }, gauge(chance, timesOf(chance)));
  add({ __name__: "odd", text: "æøå €", job: "api" }, gauge(chance, timesOf(chance)));
  add({ __name__: "odd", text: "x-1.2:y", src: "foo-77", _1: "under" }, gauge(chance, timesOf(chance)));
  add({ __name__: "ns:rule:sum", job: "api" }, gauge(chance, timesOf(chance)));
}

function histograms(chance: Chance, add: Add): void {
  for (const job of ["api", "web"])
    for (const instance of ["a:1", "b:1"]) {
      const times = timesOf(chance);
      classic(chance, { job, instance }, times, add);
      add({ __name__: "rpc_seconds", service: job, zone: instance }, native(chance, times));
    }
  for (const le of ["1", "+Inf", "none"])
    add({ __name__: "broken_bucket", le }, gauge(chance, timesOf(chance)));
  for (const le of ["0.5", "1", "2"]) add({ __name__: "open_bucket", le }, counter(chance, timesOf(chance)));
}

function classic(chance: Chance, labels: Record<string, string>, times: number[], add: Add): void {
  const bounds = ["0.25", "0.5", "1", "2.5", "+Inf"];
  const counts = bounds.map(() => 1_000_000);
  const rows = times.map((at) => {
    for (let i = chance.whole(0, bounds.length); i < bounds.length; i++)
      for (let above = i; above < bounds.length; above++) counts[above] = (counts[above] ?? 0) + 1 + (i % 3);
    return { at, counts: [...counts] };
  });
  for (const [i, le] of bounds.entries())
    add(
      { __name__: "latency_bucket", ...labels, le },
      rows.map((row) => ({ at: row.at, value: row.counts[i] ?? 0 })),
    );
  add(
    { __name__: "latency_count", ...labels },
    rows.map((row) => ({ at: row.at, value: row.counts.at(-1) ?? 0 })),
  );
  add(
    { __name__: "latency_sum", ...labels },
    rows.map((row) => ({ at: row.at, value: (row.counts.at(-1) ?? 0) * 0.75 })),
  );
}

/** Buckets whose bounds are powers of two; it never falls back. */
function native(chance: Chance, times: number[]): Sampled[] {
  const indexes = [-1, 0, 1, 2, 4];
  const counts = indexes.map(() => 100_000);
  let sum = 1_000_000;
  return times.map((at) => {
    const place = chance.whole(0, indexes.length - 1);
    counts[place] = (counts[place] ?? 0) + chance.whole(1, 8);
    sum += chance.whole(1, 40) / 4;
    return {
      at,
      value: {
        schema: 0,
        zeroThreshold: 0.125,
        zeroCount: 50_000,
        hint: "unknown",
        count: counts.reduce((a, b) => a + b, 50_000),
        sum,
        positive: { indexes: Int32Array.from(indexes), counts: Float64Array.from(counts) },
        negative: { indexes: new Int32Array(0), counts: new Float64Array(0) },
        customBounds: [],
      },
    };
  });
}

/** A scrape every 10 or 15 seconds, each a little off, some missing, at times for minutes. */
function timesOf(chance: Chance): number[] {
  const interval = chance.pick([10_000, 15_000]);
  const phase = chance.whole(1, interval - 1);
  const times: number[] = [];
  let gapUntil = 0;
  for (let at = startMs + phase; at < startMs + minutes * 60_000; at += interval) {
    if (chance.percent(1)) gapUntil = at + chance.whole(1, 8) * 60_000;
    if (at < gapUntil || chance.percent(3)) continue;
    const off = at + chance.whole(-40, 40);
    times.push(off % quarter === 0 ? off + 1 : off);
  }
  return times;
}

function counter(chance: Chance, times: number[]): Sampled[] {
  const base = () => chance.whole(1_000_000, 2_000_000);
  const speed = chance.whole(0, 60);
  let value = base() * 8;
  return times.map((at) => {
    value =
      chance.percent(1.5) && value > 4_000_000 ? Math.floor(value / 2) : value + chance.whole(0, speed) / 4;
    return { at, value };
  });
}

function gauge(chance: Chance, times: number[]): Sampled[] {
  let value = chance.whole(-200, 400) / 4;
  return times.map((at) => {
    if (chance.percent(70)) value += chance.whole(-40, 40) / 4;
    return { at, value };
  });
}

const steady = (times: number[], value: number): Sampled[] => times.map((at) => ({ at, value }));

function ending(chance: Chance, percent: number): Sampled[] {
  return gauge(chance, timesOf(chance)).map(({ at, value }) => ({
    at,
    value: chance.percent(percent) ? "stale" : value,
  }));
}

function toSeries(labels: Record<string, string>, samples: Sampled[]): Series {
  const values = Float64Array.from(samples, ({ value }) => (typeof value === "number" ? value : 0));
  // The marker's bits must arrive untouched, so they are copied as bytes.
  for (const [i, { value }] of samples.entries())
    if (value === "stale") new Uint8Array(values.buffer).set(new Uint8Array(staleMarker.buffer), i * 8);
  const found = samples.map(({ value }) => (typeof value === "object" ? value : undefined));
  return {
    labels,
    timestamps: Float64Array.from(samples, ({ at }) => at),
    values,
    ...(found.some((histogram) => histogram) && { histograms: found }),
  };
}
