import { formatValue } from "../format.ts";
import { type Buckets, type Histogram, upperBound } from "./histogram.ts";

export interface Bucket {
  lower: number;
  upper: number;
  count: number;
}

/** Every bucket that holds something, from the lowest to the highest; the others give way to the zero bucket. */
export function bucketsOf(histogram: Histogram): Bucket[] {
  const { zeroThreshold, zeroCount } = histogram;
  const buckets: Bucket[] = [];
  for (const { lower, upper, count } of sideOf(histogram, histogram.negative).reverse())
    buckets.push({ lower: -upper, upper: -Math.max(lower, zeroThreshold), count });
  if (zeroCount > 0) buckets.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  for (const { lower, upper, count } of sideOf(histogram, histogram.positive))
    buckets.push({ lower: lower > 0 ? Math.max(lower, zeroThreshold) : lower, upper, count });
  return buckets;
}

/** The buckets of one side by themselves, as if it were the positive one. */
export function sideOf(histogram: Histogram, { indexes, counts }: Buckets): Bucket[] {
  const buckets: Bucket[] = [];
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] ?? 0;
    const [lower, upper] = [upperBound(histogram, index - 1), upperBound(histogram, index)];
    buckets.push({ lower, upper, count: counts[i] ?? 0 });
  }
  return buckets;
}

/** `{count:3, sum:14, (1,2]:3}`, as `count_values` shows a histogram. */
export function formatHistogram(histogram: Histogram): string {
  const parts = [`count:${formatValue(histogram.count)}`, `sum:${formatValue(histogram.sum)}`];
  for (const { lower, upper, count } of sideOf(histogram, histogram.negative).reverse())
    parts.push(`[${formatValue(-upper)},${formatValue(-lower)}):${formatValue(count)}`);
  if (histogram.zeroCount !== 0) {
    const width = formatValue(histogram.zeroThreshold);
    parts.push(`[-${width},${width}]:${formatValue(histogram.zeroCount)}`);
  }
  for (const { lower, upper, count } of sideOf(histogram, histogram.positive))
    parts.push(`(${formatValue(lower)},${formatValue(upper)}]:${formatValue(count)}`);
  return `{${parts.join(", ")}}`;
}

/**
 * How much of a bucket lies below `value`, which is inside it: in proportion where the bucket is `linear`, else in
 * proportion of logarithms, by which exponential buckets are equally wide.
 */
export function shareBelow({ lower, upper }: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const [low, high, at] = [lower, upper, value].map((bound) => Math.log2(Math.abs(bound))) as [
    number,
    number,
    number,
  ];
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
}

/** The bucket around zero of a histogram without negative observations starts at zero, and so on. */
export function fitZeroBucket(histogram: Histogram, bucket: Bucket): Bucket {
  const [positive, negative] = [histogram.positive.counts.length > 0, histogram.negative.counts.length > 0];
  if (positive && !negative) return { ...bucket, lower: 0 };
  if (negative && !positive) return { ...bucket, upper: 0 };
  return bucket;
}
