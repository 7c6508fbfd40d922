import { type Labels, labelsKey } from "@havn/model";
import { sortedByLabels } from "../evaluate/columns.ts";
import type { Matcher, Querier, Series, TimeRange } from "../querier.ts";
import { compileAnchored } from "../regexp.ts";

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
  return { labels: a.labels, timestamps, values };
}

/** Views on the stored columns: no sample is copied. */
function cut({ labels, timestamps, values }: Series, range: TimeRange): Series | undefined {
  const from = lowerBound(timestamps, range.start);
  const to = lowerBound(timestamps, range.end + 1);
  if (from >= to) return undefined;
  return { labels, timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
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

export function matches(labels: Labels, { name, operator, value }: Matcher): boolean {
  const actual = labels[name] ?? "";
  switch (operator) {
    case "=":
      return actual === value;
    case "!=":
      return actual !== value;
    case "=~":
      return compileAnchored(value).test(actual);
    case "!~":
      return !compileAnchored(value).test(actual);
  }
}
