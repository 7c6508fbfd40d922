import { none, reach, stretchOf } from "../functions/extrapolate.ts";
import type { BucketColumn, BucketSeries } from "../querier.ts";

/** Buckets `from` ≤ i < `to` make up (start, end], in milliseconds; at least one of them holds samples. */
export interface BucketWindow {
  from: number;
  to: number;
  start: number;
  end: number;
}

export type Buckets = BucketSeries["columns"];

export interface BucketFunction {
  needs: readonly BucketColumn[];
  /** It grows with the window: a longer one that stands for a shorter one counts by its share. */
  grows?: boolean;
  /** Undefined: no value. */
  of(buckets: Buckets, window: BucketWindow): number | undefined;
}

/**
 * Functions that answer from buckets what they would from the samples in them: to the last digit, but for what is added
 * up (sum, avg, and what resets took away), which differs by rounding.
 */
export const bucketFunctions: Readonly<Record<string, BucketFunction>> = {
  rate: change({ counter: true, perSecond: true }),
  increase: change({ counter: true, perSecond: false }),
  delta: change({ counter: false, perSecond: false }),
  count_over_time: { needs: ["count"], grows: true, of: ({ count }, window) => total(count, window) },
  sum_over_time: { needs: ["count", "sum"], grows: true, of: ({ sum }, window) => total(sum, window) },
  avg_over_time: {
    needs: ["count", "sum"],
    of: ({ count, sum }, window) => total(sum, window) / total(count, window),
  },
  min_over_time: extreme("min", (value, best) => value < best),
  max_over_time: extreme("max", (value, best) => value > best),
  last_over_time: {
    needs: ["count", "last"],
    of: ({ count, last }, window) => last[lastOf(count, window)],
  },
  first_over_time: {
    needs: ["count", "first"],
    of: ({ count, first }, window) => first[firstOf(count, window)],
  },
  ts_of_last_over_time: {
    needs: ["count", "lastAt"],
    of: ({ count, lastAt }, window) => (lastAt[lastOf(count, window)] ?? 0) / 1000,
  },
  ts_of_first_over_time: {
    needs: ["count", "firstAt"],
    of: ({ count, firstAt }, window) => (firstAt[firstOf(count, window)] ?? 0) / 1000,
  },
  present_over_time: { needs: ["count"], of: () => 1 },
  resets: {
    needs: ["count", "first", "last", "resets"],
    of: (buckets, window) =>
      total(buckets.resets, window) + between(buckets, window, (before, after) => (after < before ? 1 : 0)),
  },
  changes: {
    needs: ["count", "first", "last", "changes"],
    of: (buckets, window) =>
      total(buckets.changes, window) +
      between(buckets, window, (before, after) =>
        before !== after && !(Number.isNaN(before) && Number.isNaN(after)) ? 1 : 0,
      ),
  },
};

/** `rate`, `increase` and `delta`: see extrapolate.ts. */
function change({ counter, perSecond }: { counter: boolean; perSecond: boolean }): BucketFunction {
  return {
    needs: ["count", "first", "last", "firstAt", "lastAt", ...(counter ? (["dropped"] as const) : [])],
    grows: !perSecond,
    of(buckets, window) {
      const { count, first, last, firstAt, lastAt, dropped } = buckets;
      const gaps = total(count, window) - 1;
      if (gaps < 1) return undefined;
      const [from, to] = [firstOf(count, window), lastOf(count, window)];
      const begin = first[from] ?? 0;
      let changed = (last[to] ?? 0) - begin;
      if (counter)
        changed +=
          total(dropped, window) + between(buckets, window, (before, after) => (after < before ? before : 0));
      const sampled = { firstTime: firstAt[from] ?? 0, lastTime: lastAt[to] ?? 0, gaps };
      return (
        changed * stretchOf(sampled, window, { most: counter ? reach(begin, changed) : none, perSecond })
      );
    },
  };
}

/** NaN only where there is nothing else. */
function extreme(column: "min" | "max", isBetter: (value: number, best: number) => boolean): BucketFunction {
  return {
    needs: ["count", column],
    of(buckets, { from, to }) {
      let best = Number.NaN;
      for (let i = from; i < to; i++) {
        const value = buckets[column][i] ?? 0;
        if (buckets.count[i] && (Number.isNaN(best) || isBetter(value, best)))
          best = Number.isNaN(value) ? best : value;
      }
      return best;
    },
  };
}

function total(column: Float64Array, { from, to }: BucketWindow): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += column[i] ?? 0;
  return sum;
}

function firstOf(count: Float64Array, { from, to }: BucketWindow): number {
  let i = from;
  while (i < to && !count[i]) i++;
  return i;
}

function lastOf(count: Float64Array, { from, to }: BucketWindow): number {
  let i = to - 1;
  while (i >= from && !count[i]) i--;
  return i;
}

/** Adds up what is between the last sample of a bucket and the first of the next. */
function between(
  { count, first, last }: Buckets,
  { from, to }: BucketWindow,
  of: (before: number, after: number) => number,
): number {
  let sum = 0;
  let before = -1;
  for (let i = from; i < to; i++) {
    if (!count[i]) continue;
    if (before >= 0) sum += of(last[before] ?? 0, first[i] ?? 0);
    before = i;
  }
  return sum;
}
