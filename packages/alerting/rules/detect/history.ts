import { labelsKey, parseDuration } from "@havn/model";
import type { Expr } from "@havn/promql";
import { type Ask, alignedGrid, type Column, columnsOf, type Grid, timeAt } from "../ask.ts";

export interface Seasons {
  season: string;
  seasons: number;
  window: string;
}

/** What a series was at the same time of seasons before: from how many of them, their median and its spread. */
export interface Usual {
  seasons: number;
  median: number;
  /** 1.4826 × median absolute deviation: a standard deviation that outliers do not move. */
  deviation: number;
}

/** Values of a season that count: so many, evenly within `window` on both sides. */
const perSide = 2;

/**
 * Of each series what was usual at a moment of the grid. The past is looked at on multiples of `window` / 2, wherever the
 * grid lies, so that a replay finds what an evaluation found.
 */
export async function historyOf(
  ask: Ask,
  { expr, grid, seasons: how }: { expr: Expr; grid: Grid; seasons: Seasons },
  signal: AbortSignal,
): Promise<(column: Column, index: number) => Usual | undefined> {
  const [season, window] = [parseDuration(how.season), parseDuration(how.window)];
  const step = Math.max(1000, Math.round(window / perSide));
  const [first, last] = [grid.start, timeAt(grid, grid.count - 1)];
  const pasts: { grid: Grid; byKey: Map<string, Column> }[] = [];
  for (let back = 1; back <= how.seasons; back++) {
    const shift = back * season;
    const from = Math.round((first - shift) / step) * step - perSide * step;
    const past = alignedGrid(from, Math.round((last - shift) / step) * step + perSide * step, step);
    const columns = await columnsOf(ask, { expr, grid: past }, signal);
    pasts.push({ grid: past, byKey: new Map(columns.map((column) => [keyOf(column), column])) });
  }
  const known = new Map<string, { slot: number; usual: Usual | undefined }>();
  return (column, index) => {
    const slot = Math.round(timeAt(grid, index) / step);
    const key = keyOf(column);
    const held = known.get(key);
    // Seasons that are no multiple of the step shift slots alike, or by one: too little to matter within a window.
    if (held?.slot === slot) return held.usual;
    const values: number[] = [];
    let found = 0;
    for (const [back, past] of pasts.entries()) {
      const before = values.length;
      const own = past.byKey.get(key);
      const middle = Math.round((slot * step - (back + 1) * season) / step) * step;
      for (let side = -perSide; own && side <= perSide; side++) {
        const at = (middle + side * step - past.grid.start) / past.grid.step;
        const value = own.present[at] ? own.values[at] : undefined;
        if (value !== undefined && Number.isFinite(value)) values.push(value);
      }
      if (values.length > before) found++;
    }
    const usual = usualOf(values, found);
    known.set(key, { slot, usual });
    return usual;
  };
}

const keyOf = ({ labels }: Column): string => labelsKey(labels);

/** Undefined without values. */
export function usualOf(values: readonly number[], seasons: number): Usual | undefined {
  if (values.length === 0) return undefined;
  const median = medianOf(values);
  const deviation = 1.4826 * medianOf(values.map((value) => Math.abs(value - median)));
  return { seasons, median, deviation };
}

export function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
