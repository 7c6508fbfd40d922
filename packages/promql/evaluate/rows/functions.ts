import type { Windows } from "./windows.ts";

/** What a function fills: one value a step, counted where `present` is 1. Both are zeros before. */
export interface Row {
  values: Float64Array;
  present: Uint8Array;
}

/** A function of a series of numbers, none of them NaN, over all windows at once; false where nothing came of it. */
export type RowFunction = (values: Float64Array, windows: Windows, row: Row) => boolean;

/**
 * The range functions that dashboards are full of, over whole rows. What those of `functions/` answer window by window
 * is answered here to the bit (`rows.test.ts`); undefined where there is no such way.
 */
export const rowFunctions: Readonly<Record<string, RowFunction>> = {
  rate: change({ counter: true, perSecond: true }),
  increase: change({ counter: true, perSecond: false }),
  delta: change({ counter: false, perSecond: false }),
  max_over_time: extreme(true),
  min_over_time: extreme(false),
};

export function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

/** The newest sample of each window. */
export const newest: RowFunction = (values, { from, to }, { values: into, present }) => {
  let any = false;
  for (let i = 0; i < into.length; i++) {
    const last = (to[i] ?? 0) - 1;
    if (last < (from[i] ?? 0)) continue;
    into[i] = values[last] ?? 0;
    present[i] = 1;
    any = true;
  }
  return any;
};

/** `rate`, `increase` and `delta`, in the very steps of extrapolate.ts. */
function change({ counter, perSecond }: { counter: boolean; perSecond: boolean }): RowFunction {
  return (values, windows, { values: into, present }) => {
    const { from, to, stretch, grid } = windows;
    const { sampled, toStart, toEnd } = stretch;
    const factor = perSecond ? stretch.perSecond : stretch.factor;
    const seconds = perSecond ? grid.rangeMs / 1000 : 1;
    const resets = counter ? findResets(values) : none;
    let firstReset = 0;
    let any = false;
    for (let i = 0; i < into.length; i++) {
      const start = from[i] ?? 0;
      const last = (to[i] ?? 0) - 1;
      if (last <= start) continue;
      const first = values[start] ?? 0;
      let changed = (values[last] ?? 0) - first;
      if (resets.length > 0) {
        while (firstReset < resets.length && (resets[firstReset] ?? 0) <= start) firstReset++;
        for (let r = firstReset; r < resets.length && (resets[r] ?? 0) <= last; r++)
          changed += values[(resets[r] ?? 0) - 1] ?? 0;
      }
      let by = factor[i] ?? 0;
      // A counter cannot have been below zero: it reaches back to where it would have met zero at most. Where it had
      // counted twice as much before, that is further back than anything is stretched.
      if (counter && changed > 0 && first >= 0 && first < 2 * changed) {
        const span = sampled[i] ?? 0;
        const reach = span * (first / changed);
        if (reach < (toStart[i] ?? 0)) {
          by = (span + reach + (toEnd[i] ?? 0)) / span;
          if (perSecond) by /= seconds;
        }
      }
      into[i] = changed * by;
      present[i] = 1;
      any = true;
    }
    return any;
  };
}

const none = new Int32Array(0);

/** Indexes i where a counter began anew: values[i] < values[i - 1]. */
export function findResets(values: Float64Array): Int32Array {
  let count = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) < (values[i - 1] ?? 0)) count++;
  if (count === 0) return none;
  const resets = new Int32Array(count);
  for (let i = 1, next = 0; i < values.length; i++)
    if ((values[i] ?? 0) < (values[i - 1] ?? 0)) resets[next++] = i;
  return resets;
}

/**
 * The greatest (or least) value. Where windows overlap much, that of every stretch of 2^k samples is found first, in k
 * passes: any window is then two of them that overlap.
 */
function extreme(greatest: boolean): RowFunction {
  return (values, windows, { values: into, present }) => {
    const { from, to, total, longest } = windows;
    const levels = Math.floor(Math.log2(Math.max(1, longest)));
    const overlapping = total > values.length * levels + 2 * into.length;
    const width = overlapping ? 2 ** levels : Number.POSITIVE_INFINITY;
    const held = overlapping ? stretches(values, { levels, greatest }) : values;
    let any = false;
    for (let i = 0; i < into.length; i++) {
      const [first, end] = [from[i] ?? 0, to[i] ?? 0];
      if (first >= end) continue;
      present[i] = 1;
      any = true;
      if (end - first >= width) {
        const [left, right] = [held[first] ?? 0, held[end - width] ?? 0];
        into[i] = (greatest ? right > left : right < left) ? right : left;
      } else into[i] = extremeIn(values, { first, end, greatest });
    }
    return any;
  };
}

function extremeIn(
  values: Float64Array,
  { first, end, greatest }: { first: number; end: number; greatest: boolean },
): number {
  let best = values[first] ?? 0;
  for (let i = first + 1; i < end; i++) {
    const value = values[i] ?? 0;
    if (greatest ? value > best : value < best) best = value;
  }
  return best;
}

/** At i the extreme of the 2^levels values from i on, as far as there are so many. */
function stretches(
  values: Float64Array,
  { levels, greatest }: { levels: number; greatest: boolean },
): Float64Array {
  const held = values.slice();
  for (let level = 0, width = 1; level < levels; level++, width *= 2)
    for (let i = 0; i < values.length - 2 * width + 1; i++) {
      const right = held[i + width] ?? 0;
      if (greatest ? right > (held[i] ?? 0) : right < (held[i] ?? 0)) held[i] = right;
    }
  return held;
}
