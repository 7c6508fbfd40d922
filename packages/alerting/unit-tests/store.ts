import { type Labels, labelsKey } from "@havn/model";
import type { Histogram, Querier } from "@havn/promql";
import { compileAnchored, type Matcher } from "@havn/promql";
import { staleMarker } from "@havn/promql/written";
import type { Series } from "../rulegroups/series.ts";

type Value = number | Histogram | "stale";

interface Held {
  labels: Labels;
  times: number[];
  values: Value[];
}

/** The store that unit tests run on: what is put at a time twice counts as it was put last. */
export function unitStore(): Series & {
  querier: Querier;
  put(labels: Labels, time: number, value: Value): void;
} {
  const series = new Map<string, Held>();
  function put(given: Labels, time: number, value: Value): void {
    const labels = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
    const key = labelsKey(labels);
    const held = series.get(key) ?? { labels, times: [], values: [] };
    series.set(key, held);
    const at = lowerBound(held.times, time);
    const isThere = held.times[at] === time;
    held.times.splice(at, isThere ? 1 : 0, time);
    held.values.splice(at, isThere ? 1 : 0, value);
  }
  const matching = (sets: readonly (readonly Matcher[])[]) => {
    const all = sets.map((matchers) => matchers.map(testOf));
    return [...series.values()].filter(
      ({ labels }) => all.length === 0 || all.some((tests) => tests.every((test) => test(labels))),
    );
  };
  return {
    put,
    write: async (_environment, samples) => {
      for (const { labels, time, value } of samples) put(labels, time, value);
    },
    flush: async () => {},
    querier: {
      async *select(matchers, range) {
        for (const held of matching([matchers])) {
          const [from, to] = [lowerBound(held.times, range.start), lowerBound(held.times, range.end + 1)];
          if (from < to) yield columnsOf(held, from, to);
        }
      },
      labelNames: async (sets) =>
        [...new Set(matching(sets).flatMap(({ labels }) => Object.keys(labels)))].sort(),
      labelValues: async (name, sets) =>
        [...new Set(matching(sets).flatMap(({ labels }) => labels[name] ?? []))].sort(),
      series: async (sets) => matching(sets).map(({ labels }) => labels),
    },
  };
}

function columnsOf({ labels, times, values }: Held, from: number, to: number) {
  const some = values.slice(from, to);
  const numbers = new Float64Array(some.length);
  for (const [i, value] of some.entries())
    if (value === "stale") numbers.set(staleMarker, i);
    else numbers[i] = typeof value === "number" ? value : Number.NaN;
  const histograms = some.map((value) => (typeof value === "object" ? value : undefined));
  return {
    labels,
    timestamps: Float64Array.from(times.slice(from, to)),
    values: numbers,
    ...(histograms.some((one) => one) && { histograms }),
  };
}

function testOf({ name, operator, value }: Matcher): (labels: Labels) => boolean {
  if (operator === "=" || operator === "!=")
    return (labels) => ((labels[name] ?? "") === value) === (operator === "=");
  const pattern = compileAnchored(value);
  return (labels) => pattern.test(labels[name] ?? "") === (operator === "=~");
}

function lowerBound(times: readonly number[], time: number): number {
  // Nearly always it comes behind all others.
  if (times.length > 0 && (times.at(-1) ?? 0) < time) return times.length;
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
