import { type Buckets, exponentialBound, type Histogram } from "./histogram.ts";

type WithZero = Pick<Histogram, "schema" | "zeroThreshold" | "positive" | "negative">;

/**
 * The width that the zero bucket takes when it is made at least `threshold` wide: a bucket that holds something cannot
 * be cut, so one that straddles the edge moves it outwards.
 */
export function settledThreshold({ schema, positive, negative }: WithZero, threshold: number): number {
  let settled = threshold;
  for (let before = Number.NaN; before !== settled; ) {
    before = settled;
    for (const side of [positive, negative]) settled = pastStraddling(side, schema, settled);
  }
  return settled;
}

function pastStraddling({ indexes, counts }: Buckets, schema: number, threshold: number): number {
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] ?? 0;
    if (exponentialBound(index - 1, schema) >= threshold) return threshold;
    const upper = exponentialBound(index, schema);
    if (upper > threshold && counts[i] !== 0) return upper;
  }
  return threshold;
}

/** A width of the zero bucket that both can take on. */
export function commonThreshold(a: WithZero, b: WithZero): number {
  let threshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  for (let before = Number.NaN; before !== threshold; ) {
    before = threshold;
    for (const side of [a, b])
      if (side.zeroThreshold < threshold) threshold = settledThreshold(side, threshold);
  }
  return threshold;
}

/** True for buckets that a zero bucket of that width takes in. */
export const isInside = (schema: number, threshold: number) => (index: number) =>
  exponentialBound(index - 1, schema) < threshold;
