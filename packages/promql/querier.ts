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
    signal: AbortSignal,
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
}
