import type { Labels } from "@havn/model";
import type { Histogram } from "./histogram/histogram.ts";

export type { Buckets, Histogram, ResetHint } from "./histogram/histogram.ts";

export interface Matcher {
  name: string;
  operator: "=" | "!=" | "=~" | "!~";
  value: string;
}

/** Milliseconds since the epoch; both ends inclusive. */
export interface TimeRange {
  start: number;
  end: number;
}

/** Samples ascend in time, one a millisecond; columns are of equal length. Staleness markers are kept as they are. */
export interface Series {
  labels: Labels;
  timestamps: Float64Array;
  values: Float64Array;
  /**
   * Beside each timestamp the native histogram that was sampled, undefined where a number was: its entry in `values`
   * does not count then. A staleness marker stands in `values` for both. Left out where all samples are numbers.
   */
  histograms?: readonly (Histogram | undefined)[];
  /** Since when each sample counts, in milliseconds since the epoch; 0 where that is not known. */
  startTimestamps?: Float64Array;
  /** Known to hold numbers alone, none of them NaN: it need not be looked for. */
  plain?: boolean;
}

/** What the samples of a stretch of time were, without staleness markers. All of them numbers. */
export const bucketColumns = [
  "count",
  "first",
  "last",
  "min",
  "max",
  "sum",
  /** Values before each decrease, added up. */
  "dropped",
  /** Decreases. */
  "resets",
  "changes",
  /** Milliseconds since the epoch. */
  "firstAt",
  "lastAt",
  /** 1: a staleness marker came after the last sample. */
  "ended",
] as const;
export type BucketColumn = (typeof bucketColumns)[number];

/** `ends` ascend: each bucket is (end - resolution, end], in milliseconds. Those without samples may be left out. */
export interface BucketSeries {
  labels: Labels;
  ends: Float64Array;
  /** Beside `ends`; empty where a column was not asked for. */
  columns: Readonly<Record<BucketColumn, Float64Array>>;
}

/** Windows `(end - rangeMs, end]` with `end = base + i * stride` for i < count. */
export interface BucketQuestion {
  matchers: readonly Matcher[];
  base: number;
  stride: number;
  count: number;
  rangeMs: number;
  columns: readonly BucketColumn[];
  /** What is asked of windows can be told from buckets: then they are given where windows begin and end with them. */
  exact: boolean;
  /** Windows may begin between buckets: it is the newest sample that is asked for. */
  newest?: boolean;
}

export interface BucketAnswer {
  /** As users know it, such as "5m". */
  name: string;
  resolutionMs: number;
  /** False: samples are gone that the question needs, and buckets do not fit its windows. */
  exact: boolean;
  /** In the order of `select`. */
  series: AsyncIterable<BucketSeries>;
}
/** What reading took, which a store adds up where it is asked to. */
export interface Reads {
  /** Times that the series that match were remembered, or looked for. */
  index: { remembered: number; searched: number };
  /** Samples that were there already, and the room that they take there. */
  memory: { samples: number; bytes: number };
  store: { queries: number; samples: number; bytes: number; milliseconds: number };
}

export const newReads = (): Reads => ({
  index: { remembered: 0, searched: 0 },
  memory: { samples: 0, bytes: 0 },
  store: { queries: 0, samples: 0, bytes: 0, milliseconds: 0 },
});

/** What the engine needs of a store. The metric's name is the label `__name__`. */
export interface Querier {
  /**
   * Series matching every matcher, always in the same order, with their samples inside `range`; a series without a
   * sample there is left out. Regular expressions are anchored at both ends. Stops when `signal` aborts.
   */
  select(matchers: readonly Matcher[], range: TimeRange, signal: AbortSignal): AsyncIterable<Series>;
  /**
   * The same, many at a time, which costs less a series; without it the engine asks for them one by one. The columns of
   * a batch count only until the next one is asked for.
   */
  selectBatches?(
    matchers: readonly Matcher[],
    range: TimeRange,
    how: { signal: AbortSignal; reads?: Reads },
  ): AsyncIterable<readonly Series[]>;
  /** Sorted names of labels on series that match any of the matcher sets (all series when there are none). */
  labelNames(sets: readonly (readonly Matcher[])[], range: TimeRange, signal: AbortSignal): Promise<string[]>;
  labelValues(
    name: string,
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<string[]>;
  series(sets: readonly (readonly Matcher[])[], range: TimeRange, signal: AbortSignal): Promise<Labels[]>;
  /**
   * Buckets instead of samples, for a store that keeps them: undefined where samples answer better. Buckets that came
   * last may be made of samples that are there already.
   */
  buckets?(question: BucketQuestion, signal: AbortSignal): Promise<BucketAnswer | undefined>;
}
