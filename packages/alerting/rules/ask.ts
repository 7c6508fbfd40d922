import { HavnError, type Labels } from "@havn/model";
import type { Expr, InstantResult, RangeResult } from "@havn/promql";

/** The moments that are judged: `count` of them, `step` milliseconds apart. */
export interface Grid {
  start: number;
  step: number;
  count: number;
}

export interface LogCount {
  environment: string;
  contains?: string | undefined;
  severity?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | undefined;
  service?: string | undefined;
  host?: string | undefined;
}

/** What should exist, by what its series are told apart. */
export type ExpectedKind = "hosts" | "instances" | "targets";

/** Where rules get what they judge. */
export interface Ask {
  instant(expr: Expr, atMs: number, signal: AbortSignal): Promise<InstantResult>;
  range(
    expr: Expr,
    window: { startMs: number; endMs: number; stepMs: number },
    signal: AbortSignal,
  ): Promise<RangeResult>;
  /** What there should be now, as labels: `{ host }`, `{ service, host }`, `{ job, instance }`. */
  expected?(environment: string, of: ExpectedKind): Promise<Labels[]>;
  /** Lines of logs in each of `count` spans of `step` milliseconds after `start`, by service and host. */
  logs?(
    lines: LogCount,
    grid: Grid,
    signal: AbortSignal,
  ): Promise<{ labels: Labels; counts: Float64Array }[]>;
}

/** One series over a grid. */
export interface Column {
  labels: Labels;
  values: Float64Array;
  /** 1 where it has a value. */
  present: Uint8Array;
  /** What is known besides, at the same moments; NaN where it is not. */
  facts?: Readonly<Record<string, Float64Array>> | undefined;
}

/** What charts show beside a value: where it should be. */
export interface Drawn {
  labels: Labels;
  values: Float64Array;
  lower: Float64Array;
  upper: Float64Array;
}

/** What is wrong at each moment, and how to draw why. */
export interface Judged {
  wrong: Column[];
  drawn: Drawn[];
}

export const timeAt = (grid: Grid, index: number): number => grid.start + index * grid.step;

export function emptyColumn(labels: Labels, count: number): Column {
  return { labels, values: new Float64Array(count).fill(Number.NaN), present: new Uint8Array(count) };
}

/** What an expression gives at each moment of the grid. One moment is asked as the server asks it. */
export async function columnsOf(
  ask: Ask,
  { expr, grid }: { expr: Expr; grid: Grid },
  signal: AbortSignal,
): Promise<Column[]> {
  if (grid.count < 1) return [];
  if (grid.count === 1) return instantColumns(await ask.instant(expr, grid.start, signal));
  const { matrix } = await ask.range(
    expr,
    { startMs: grid.start, endMs: timeAt(grid, grid.count - 1), stepMs: grid.step },
    signal,
  );
  return matrix.map(({ labels, timestamps, values, histograms = [] }) => {
    const column = emptyColumn(labels, grid.count);
    for (let i = 0; i < timestamps.length; i++) {
      const at = Math.round(((timestamps[i] ?? 0) - grid.start) / grid.step);
      column.values[at] = values[i] ?? Number.NaN;
      column.present[at] = 1;
    }
    for (const { timestamp } of histograms)
      column.present[Math.round((timestamp - grid.start) / grid.step)] = 1;
    return column;
  });
}

function instantColumns(result: InstantResult): Column[] {
  const one = (labels: Labels, value: number): Column => ({
    ...{ labels, values: Float64Array.of(value), present: Uint8Array.of(1) },
  });
  switch (result.type) {
    case "vector":
      return result.vector.map(({ labels, value }) => one(labels, value));
    case "scalar":
      return [one({}, result.value)];
    case "string":
    case "matrix":
      return [];
  }
}

/** The moments from the first to the last, on multiples of `step`, so that whoever asks finds the same ones. */
export function alignedGrid(first: number, last: number, step: number): Grid {
  const start = Math.ceil(first / step) * step;
  return { start, step, count: Math.max(0, Math.floor((last - start) / step) + 1) };
}

export function notGiven(what: string): HavnError {
  return new HavnError(`Rules over ${what} cannot be evaluated here`, {
    status: 400,
    detail: "Only the control plane knows them.",
  });
}
