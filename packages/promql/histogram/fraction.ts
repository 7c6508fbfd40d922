import { type Histogram, isCustom } from "./histogram.ts";
import { type Bucket, bucketsOf, fitZeroBucket, shareBelow } from "./walk.ts";

/** The share of observations in (lower, upper]. `nan`: there were observations of NaN, which are in no such range. */
export function histogramFraction(
  lower: number,
  upper: number,
  histogram: Histogram,
): { value: number; nan: boolean } {
  const { count: observations } = histogram;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return { value: Number.NaN, nan: false };
  if (lower >= upper) return { value: 0, nan: false };
  const buckets = bucketsOf(histogram).map((bucket) =>
    bucket.lower <= 0 && bucket.upper >= 0 ? fitZeroBucket(histogram, bucket) : bucket,
  );
  const hasNaN = Number.isNaN(histogram.sum);
  const counted = buckets.reduce((sum, { count }) => sum + count, 0);
  const most = hasNaN ? counted : observations;
  const rank = (bound: number) => Math.min(rankOf(bound, histogram, buckets) ?? most, most);
  return { value: (rank(upper) - rank(lower)) / observations, nan: hasNaN && counted < observations };
}

/** How many observations are below `bound`; undefined where it lies above all buckets. */
function rankOf(bound: number, histogram: Histogram, buckets: readonly Bucket[]): number | undefined {
  let rank = 0;
  for (const bucket of buckets) {
    if (bucket.lower >= bound) return rank;
    if (bucket.upper > bound) {
      if (bucket.lower === Number.NEGATIVE_INFINITY) return bucket.count;
      const linear = isCustom(histogram) || (bucket.lower <= 0 && bucket.upper >= 0);
      return rank + bucket.count * shareBelow(bucket, bound, linear);
    }
    rank += bucket.count;
  }
  return undefined;
}
