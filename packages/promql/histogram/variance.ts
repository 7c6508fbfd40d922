import { Sum } from "../functions/sums.ts";
import { type Histogram, isCustom } from "./histogram.ts";
import { type Bucket, bucketsOf } from "./walk.ts";

/** Population variance, taking every observation to be in the middle of its bucket. */
export function histogramVariance(histogram: Histogram): number {
  const mean = histogram.sum / histogram.count;
  const squares = new Sum();
  for (const bucket of bucketsOf(histogram)) {
    const delta = middleOf(bucket, isCustom(histogram)) - mean;
    squares.add(bucket.count * delta * delta);
  }
  return squares.total / histogram.count;
}

function middleOf({ lower, upper }: Bucket, linear: boolean): number {
  if (linear) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  return upper < 0 ? -Math.sqrt(upper * lower) : Math.sqrt(upper * lower);
}
