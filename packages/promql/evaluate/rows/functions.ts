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
    const lost = counter ? lostAtResets(values) : undefined;
    let any = false;
    for (let i = 0; i < into.length; i++) {
      const start = from[i] ?? 0;
      const last = (to[i] ?? 0) - 1;
      if (last <= start) continue;
      const first = values[start] ?? 0;
      let changed = (values[last] ?? 0) - first;
      if (lost) changed = lost(changed, start, last);
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

/** Adds to a change between two samples what resets between them took away; windows only move forward. */
type Lost = (changed: number, start: number, last: number) => number;

/** Undefined where a counter never began anew. */
function lostAtResets(values: Float64Array): Lost | undefined {
  const resets = findResets(values);
  if (resets.length === 0) return undefined;
  const sums = resets.length > fewResets ? exactLosses(values) : undefined;
  if (sums) return (changed, start, last) => changed + ((sums[last] ?? 0) - (sums[start] ?? 0));
  let firstReset = 0;
  return (changed, start, last) => {
    let all = changed;
    while (firstReset < resets.length && (resets[firstReset] ?? 0) <= start) firstReset++;
    for (let r = firstReset; r < resets.length && (resets[r] ?? 0) <= last; r++)
      all += values[(resets[r] ?? 0) - 1] ?? 0;
    return all;
  };
}

const fewResets = 8;

/**
 * What all resets up to each sample took away, where all of it is whole numbers whose sums are exact: then no order of
 * adding makes another result. Undefined otherwise.
 */
function exactLosses(values: Float64Array): Float64Array | undefined {
  const sums = new Float64Array(values.length);
  let [sum, size, before] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    // Zeros have signs, which sums lose; what is below zero is no count.
    if (!(Number.isInteger(value) && value >= 0) || Object.is(value, -0)) return undefined;
    size += value;
    if (value < before) sum += before;
    sums[i] = sum;
    before = value;
  }
  return size <= Number.MAX_SAFE_INTEGER ? sums : undefined;
}

const none = new Int32Array(0);

/** Indexes i where a counter began anew: values[i] < values[i - 1]. */
export function findResets(values: Float64Array): Int32Array {
  let count = 0;
  let before = values[0] ?? 0;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value < before) count++;
    before = value;
  }
  if (count === 0) return none;
  const resets = new Int32Array(count);
  for (let i = 1, next = 0; i < values.length; i++)
    if ((values[i] ?? 0) < (values[i - 1] ?? 0)) resets[next++] = i;
  return resets;
}

/**
 * The greatest (or least) value. Where windows overlap much, samples are taken in blocks as long as the longest window,
 * and of each sample is found what is the extreme from its block's begin up to it, and from it up to its block's end. A
 * window reaches into two blocks at most: it is what one of each says.
 */
function extreme(greatest: boolean): RowFunction {
  let scratch: Blocks = { upTo: new Float64Array(0), from: new Float64Array(0), width: 0 };
  return (values, windows, { values: into, present }) => {
    const { from, to, total, longest } = windows;
    const overlapping = total > 3 * values.length + 2 * into.length;
    if (overlapping) scratch = blocksOf(values, { width: longest, greatest }, scratch);
    let any = false;
    for (let i = 0; i < into.length; i++) {
      const [first, end] = [from[i] ?? 0, to[i] ?? 0];
      if (first >= end) continue;
      present[i] = 1;
      any = true;
      const found = overlapping ? fromBlocks(scratch, { first, end, greatest }) : undefined;
      into[i] = found ?? extremeIn(values, { first, end, greatest });
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

interface Blocks {
  /** Of a sample: the extreme from its block's begin up to it. */
  upTo: Float64Array;
  /** From it up to its block's end. */
  from: Float64Array;
  width: number;
}

/** Of equals the earlier one stands, as it does where samples are taken one after the other. */
function blocksOf(
  values: Float64Array,
  { width, greatest }: { width: number; greatest: boolean },
  scratch: Blocks,
): Blocks {
  const { length } = values;
  const isRoomy = scratch.upTo.length >= length;
  const upTo = isRoomy ? scratch.upTo : new Float64Array(length);
  const from = isRoomy ? scratch.from : new Float64Array(length);
  for (let begin = 0; begin < length; begin += width) {
    const end = Math.min(length, begin + width);
    let best = values[begin] ?? 0;
    for (let i = begin; i < end; i++) {
      const value = values[i] ?? 0;
      if (greatest ? value > best : value < best) best = value;
      upTo[i] = best;
    }
    best = values[end - 1] ?? 0;
    for (let i = end - 1; i >= begin; i--) {
      const value = values[i] ?? 0;
      if (greatest ? value >= best : value <= best) best = value;
      from[i] = best;
    }
  }
  return { upTo, from, width };
}

/** Undefined where the window lies inside a block. */
function fromBlocks(
  { upTo, from, width }: Blocks,
  { first, end, greatest }: { first: number; end: number; greatest: boolean },
): number | undefined {
  const last = end - 1;
  const begin = last - (last % width);
  if (first > begin) return end === begin + width ? from[first] : undefined;
  const right = upTo[last] ?? 0;
  if (first === begin) return right;
  const left = from[first] ?? 0;
  return (greatest ? right > left : right < left) ? right : left;
}
