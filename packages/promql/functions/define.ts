import type { Expr, Extension, Modifiers, ValueType } from "../ast.ts";
import { type Column, floatsOf, type Grid, type Samples } from "../evaluate/columns.ts";
import type { Histogram } from "../histogram/histogram.ts";
import type { Notes } from "../notes.ts";
import type { Matcher } from "../querier.ts";

interface Signature {
  name: string;
  parameters: readonly ValueType[];
  /** How many of the last parameters may be left out. */
  optional?: number;
  /** The last parameter may be given any number of times. */
  repeats?: boolean;
  returns: ValueType;
}

/** What a range function sees at one step. Samples `from` ≤ i < `to` lie in (start, end]; times in milliseconds. */
export interface Window {
  from: number;
  to: number;
  start: number;
  end: number;
  /** The moment that is evaluated: `end` without `offset` and `@`. */
  at: number;
}

/** Undefined: no value at this step. `to - from` is at least 1. Scalar arguments come in the order written. */
export type WindowFunction = (window: Window, scalars: readonly number[]) => number | undefined;

/** The same over samples that may be histograms. */
export type RichWindowFunction = (
  window: Window,
  scalars: readonly number[],
) => number | Histogram | undefined;

/** What a range function may know of the series and the selector beside the samples. */
export interface RangeContext extends Notes {
  /** Windows hold samples beside (start, end] too: see `VectorSelector`. */
  extended?: Extension;
}

/** How a special function reaches its arguments; the index is that of the argument. */
export interface CallContext {
  grid: Grid;
  arguments: readonly Expr[];
  vector(index: number): Promise<Column[]>;
  scalar(index: number): Promise<Float64Array>;
  text(index: number): string;
  /** Applies a window function to a range vector argument. */
  over(index: number, open: (samples: Samples) => WindowFunction): Promise<Column[]>;
  /** The times in seconds of the samples that a plain selector picks; undefined where the argument is none. */
  sampleTimes(index: number, what?: "timestamps" | "startTimestamps"): Promise<Column[]> | undefined;
  /** Series that no argument names, with the times of their samples in seconds beside their histograms. */
  select(matchers: readonly Matcher[], modifiers: Modifiers): Promise<Column[]>;
  scope: readonly Matcher[];
  /** At the argument of that index, else at the call itself. */
  warn(message: string, index?: number): void;
  inform(message: string, index: number, more?: (times: number) => string): void;
  query: { startMs: number; endMs: number; stepMs: number };
  /** More than one moment is evaluated: the order of the result is by labels. */
  isRange: boolean;
}

export type FunctionDefinition = Signature &
  (
    | {
        kind: "range";
        /** Called once a series, so that what holds for all its windows is found once. */
        open(samples: Samples): WindowFunction;
        /**
         * For series with histograms, start timestamps (when `usesStarts`) or an extended selector. Without it, the
         * function is one of numbers alone.
         */
        openRich?(samples: Samples, context: RangeContext): RichWindowFunction;
        usesStarts?: boolean;
        /** Selectors that it may stand on, apart from the ordinary ones. */
        extends?: readonly Extension[];
        keepsName?: boolean;
        /** Made for counters: a name that does not look like one is worth an info. */
        counter?: boolean;
        /** A scalar argument that must be a quantile between 0 and 1. */
        quantile?: number;
      }
    | {
        kind: "pointwise";
        /** Undefined: no value. Left out: histograms only. */
        apply?(value: number, scalars: readonly number[]): number | undefined;
        /** Left out: numbers only. */
        applyHistogram?(histogram: Histogram): number;
      }
    | { kind: "vector"; evaluate(call: CallContext): Promise<Column[]> }
    | { kind: "scalar"; evaluate(call: CallContext): Promise<Float64Array> }
  );

export const defineFunction = (definition: FunctionDefinition): FunctionDefinition => definition;

/** A function of each value alone, such as `abs`. */
export const defineMath = (name: string, apply: (value: number) => number): FunctionDefinition => ({
  kind: "pointwise",
  name,
  parameters: ["vector"],
  returns: "vector",
  apply,
});

/** A function of histograms alone, such as `histogram_sum`. */
export const defineHistogramMath = (
  name: string,
  applyHistogram: (histogram: Histogram) => number,
): FunctionDefinition => ({
  kind: "pointwise",
  name,
  parameters: ["vector"],
  returns: "vector",
  applyHistogram,
});

type RangeDefinition = Extract<FunctionDefinition, { kind: "range" }>;

/** A function of the samples in a window, such as `sum_over_time`. */
export const defineOverTime = (
  name: string,
  open: (samples: Samples) => WindowFunction,
  more: Pick<RangeDefinition, "keepsName" | "counter" | "openRich" | "usesStarts" | "extends"> = {},
): FunctionDefinition => ({
  kind: "range",
  name,
  parameters: ["matrix"],
  returns: "vector",
  open,
  ...more,
});

/** The same for what does not look at values, such as `count_over_time`: it takes samples of any kind. */
export const defineOverAny = (name: string, open: (samples: Samples) => WindowFunction): FunctionDefinition =>
  defineOverTime(name, open, { openRich: open });

/** A part of the date in UTC, of a vector of Unix times or of the moment that is evaluated. */
export const defineDatePart = (name: string, part: (date: Date) => number): FunctionDefinition => ({
  kind: "vector",
  name,
  parameters: ["vector"],
  optional: 1,
  returns: "vector",
  async evaluate(call) {
    const dated = (seconds: number) => {
      const date = new Date(Math.trunc(seconds) * 1000);
      return Number.isNaN(date.getTime()) ? Number.NaN : part(date);
    };
    if (call.arguments.length > 0)
      return (await call.vector(0)).map(floatsOf).map((column) => ({
        ...column,
        dropName: true,
        values: column.values.map(dated),
      }));
    const { start, step, count } = call.grid;
    const values = Float64Array.from({ length: count }, (_, i) => dated((start + i * step) / 1000));
    return [{ labels: {}, values, present: new Uint8Array(count).fill(1), dropName: false }];
  },
});
