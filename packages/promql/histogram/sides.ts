import { addTo } from "../functions/sums.ts";
import type { Buckets } from "./histogram.ts";

/** Buckets under summation, with what rounding took from each of them so far. */
export interface Side extends Buckets {
  lost: Float64Array;
}

const lostOf = (buckets: Buckets): Float64Array | undefined =>
  "lost" in buckets ? (buckets as Side).lost : undefined;

export const openSide = ({ indexes, counts }: Buckets): Side => ({
  indexes,
  counts: counts.slice(),
  lost: new Float64Array(counts.length),
});

/** `a` plus `sign` times `b`. May change `a` in place; both have the same bucket bounds. */
export function mergeSides(a: Side, b: Buckets, sign: 1 | -1): Side {
  if (b.indexes.length === 0) return a;
  const lost = lostOf(b);
  if (sameIndexes(a.indexes, b.indexes)) {
    for (let i = 0; i < b.counts.length; i++) {
      addTo(a.counts, a.lost, i, sign * (b.counts[i] ?? 0));
      if (lost) addTo(a.counts, a.lost, i, sign * (lost[i] ?? 0));
    }
    return a;
  }
  const merged = new SideBuilder(a.indexes.length + b.indexes.length);
  let [i, j] = [0, 0];
  while (i < a.indexes.length || j < b.indexes.length) {
    const left = a.indexes[i] ?? Number.POSITIVE_INFINITY;
    const right = b.indexes[j] ?? Number.POSITIVE_INFINITY;
    if (left <= right) {
      merged.put(left, a.counts[i] ?? 0, a.lost[i] ?? 0);
      i++;
    }
    if (right <= left) {
      merged.put(right, sign * (b.counts[j] ?? 0), sign * (lost?.[j] ?? 0));
      j++;
    }
  }
  return merged.finish();
}

function sameIndexes(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Buckets under other indexes. `place` never falls as the index rises; undefined leaves the bucket out. */
export function moveBuckets(side: Buckets, place: (index: number) => number | undefined): Side {
  const moved = new SideBuilder(side.indexes.length);
  const lost = lostOf(side);
  for (let i = 0; i < side.indexes.length; i++) {
    const to = place(side.indexes[i] ?? 0);
    if (to !== undefined) moved.put(to, side.counts[i] ?? 0, lost?.[i] ?? 0);
  }
  return moved.finish();
}

/** The index in a coarser exponential schema of the bucket that holds bucket `index`. */
export const coarser = (from: number, to: number) => (index: number) => ((index - 1) >> (from - to)) + 1;

/** Takes buckets in ascending order; those of one index are summed up. */
class SideBuilder {
  readonly #indexes: Int32Array;
  readonly #counts: Float64Array;
  readonly #lost: Float64Array;
  #length = 0;

  constructor(capacity: number) {
    this.#indexes = new Int32Array(capacity);
    this.#counts = new Float64Array(capacity);
    this.#lost = new Float64Array(capacity);
  }

  put(index: number, count: number, lost: number): void {
    const last = this.#length - 1;
    if (last >= 0 && this.#indexes[last] === index) {
      addTo(this.#counts, this.#lost, last, count);
      addTo(this.#counts, this.#lost, last, lost);
      return;
    }
    this.#indexes[this.#length] = index;
    this.#counts[this.#length] = count;
    this.#lost[this.#length++] = lost;
  }

  finish(): Side {
    const end = this.#length;
    return {
      indexes: this.#indexes.subarray(0, end),
      counts: this.#counts.subarray(0, end),
      lost: this.#lost.subarray(0, end),
    };
  }
}
