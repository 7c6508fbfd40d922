import type { Expr, ValueType } from "../ast.ts";
import type { Column, Grid, Samples } from "../evaluate/columns.ts";

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
  sampleTimes(index: number): Promise<Column[]> | undefined;
  warn(message: string, index: number): void;
  inform(message: string, index: number): void;
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
        keepsName?: boolean;
        /** Made for counters: a name that does not look like one is worth an info. */
        counter?: boolean;
        /** A scalar argument that must be a quantile between 0 and 1. */
        quantile?: number;
      }
    | {
        kind: "pointwise";
        /** Undefined: no value. */
        apply(value: number, scalars: readonly number[]): number | undefined;
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

/** A function of the samples in a window, such as `sum_over_time`. */
export const defineOverTime = (
  name: string,
  open: (samples: Samples) => WindowFunction,
  more: { keepsName?: boolean; counter?: boolean } = {},
): FunctionDefinition => ({
  kind: "range",
  name,
  parameters: ["matrix"],
  returns: "vector",
  open,
  ...more,
});

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
      return (await call.vector(0)).map((column) => ({
        ...column,
        dropName: true,
        values: column.values.map(dated),
      }));
    const { start, step, count } = call.grid;
    const values = Float64Array.from({ length: count }, (_, i) => dated((start + i * step) / 1000));
    return [{ labels: {}, values, present: new Uint8Array(count).fill(1), dropName: false }];
  },
});
