import { type Labels, labelsKey } from "@havn/model";
import { sortedByLabels } from "../evaluate/columns.ts";
import type { Matcher, Querier, Series, TimeRange } from "../querier.ts";
import { matchesValue } from "../regexp.ts";

/** A store for tests, small data and benchmarks. */
export interface MemoryQuerier extends Querier {
  /** Samples must come in order of time, a series' later ones in later calls. */
  add(labels: Labels, samples: readonly { timestamp: number; value: number }[]): void;
  addSeries(series: Series): void;
  clear(): void;
}

export function memoryQuerier(): MemoryQuerier {
  const stored = new Map<string, Series>();
  let sorted: Series[] | undefined;
  const inOrder = () => {
    sorted ??= sortedByLabels([...stored.values()]);
    return sorted;
  };
  const matching = (sets: readonly (readonly Matcher[])[], range: TimeRange): Series[] =>
    inOrder().filter(
      (series) =>
        (sets.length === 0 ||
          sets.some((matchers) => matchers.every((matcher) => matches(series.labels, matcher)))) &&
        cut(series, range) !== undefined,
    );
  const put = (series: Series) => {
    const key = labelsKey(series.labels);
    const held = stored.get(key);
    stored.set(key, held ? concat(held, series) : series);
    sorted = undefined;
  };
  return {
    clear: () => {
      stored.clear();
      sorted = undefined;
    },
    addSeries: put,
    add: (labels, samples) =>
      put({
        labels,
        timestamps: Float64Array.from(samples, ({ timestamp }) => timestamp),
        values: Float64Array.from(samples, ({ value }) => value),
      }),
    async *select(matchers, range, signal) {
      for (const series of inOrder()) {
        signal.throwIfAborted();
        if (!matchers.every((matcher) => matches(series.labels, matcher))) continue;
        const part = cut(series, range);
        if (part) yield part;
      }
    },
    labelNames: async (sets, range) =>
      [...new Set(matching(sets, range).flatMap(({ labels }) => Object.keys(labels)))].sort(),
    labelValues: async (name, sets, range) =>
      [...new Set(matching(sets, range).flatMap(({ labels }) => labels[name] ?? []))].sort(),
    series: async (sets, range) => matching(sets, range).map(({ labels }) => labels),
  };
}

function concat(a: Series, b: Series): Series {
  const timestamps = new Float64Array(a.timestamps.length + b.timestamps.length);
  const values = new Float64Array(timestamps.length);
  timestamps.set(a.timestamps);
  timestamps.set(b.timestamps, a.timestamps.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  return {
    labels: a.labels,
    timestamps,
    values,
    ...((a.histograms || b.histograms) && {
      histograms: [
        ...(a.histograms ?? new Array(a.values.length)),
        ...(b.histograms ?? new Array(b.values.length)),
      ],
    }),
    ...((a.startTimestamps || b.startTimestamps) && {
      startTimestamps: Float64Array.of(
        ...(a.startTimestamps ?? new Float64Array(a.values.length)),
        ...(b.startTimestamps ?? new Float64Array(b.values.length)),
      ),
    }),
  };
}

/** Views on the stored columns: no sample is copied. */
function cut(series: Series, range: TimeRange): Series | undefined {
  const { labels, timestamps, values, histograms, startTimestamps } = series;
  const from = lowerBound(timestamps, range.start);
  const to = lowerBound(timestamps, range.end + 1);
  if (from >= to) return undefined;
  const part = histograms?.slice(from, to);
  return {
    labels,
    timestamps: timestamps.subarray(from, to),
    values: values.subarray(from, to),
    ...(part?.some((histogram) => histogram) && { histograms: part }),
    ...(startTimestamps && { startTimestamps: startTimestamps.subarray(from, to) }),
  };
}

function lowerBound(timestamps: Float64Array, time: number): number {
  let [low, high] = [0, timestamps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timestamps[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const matches = (labels: Labels, matcher: Matcher): boolean =>
  matchesValue(labels[matcher.name] ?? "", matcher);
