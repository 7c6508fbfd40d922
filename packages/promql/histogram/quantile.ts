import { type Histogram, isCustom } from "./histogram.ts";
import { type Bucket, bucketsOf, fitZeroBucket } from "./walk.ts";

/** "none": NaN was observed and no number is that high; "skewed": it was observed and counts as greater than any number. */
export type NaNEffect = "none" | "skewed" | undefined;

/** The q-quantile, interpolated inside its bucket: linearly where bounds are custom or around zero, else by logarithms. */
export function histogramQuantile(q: number, histogram: Histogram): { value: number; nan?: NaNEffect } {
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  const { count: observations } = histogram;
  if (observations === 0 || Number.isNaN(q)) return { value: Number.NaN };
  const hasNaN = Number.isNaN(histogram.sum);
  // From the nearer end, where rounding has summed up less; observations of NaN are above all else.
  const upwards = hasNaN || q < 0.5;
  const ascending = bucketsOf(histogram);
  const walk = upwards ? ascending : ascending.toReversed();
  const wanted = (upwards ? q : 1 - q) * observations;
  let counted = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  for (const next of walk) {
    if (next.count === 0) continue;
    bucket = next;
    counted += next.count;
    if (counted >= wanted) break;
  }
  const fitted = openEnded(histogram, bucket);
  if (typeof fitted === "number") return { value: fitted };
  counted = Math.min(counted, observations);
  if (counted < wanted) return hasNaN ? { value: Number.NaN, nan: "none" } : { value: fitted.upper };
  const rank = upwards ? wanted - (counted - bucket.count) : counted - wanted;
  const value = interpolate(histogram, fitted, rank / bucket.count);
  const all = ascending.reduce((sum, { count }) => sum + count, 0);
  return hasNaN && all < observations ? { value, nan: "skewed" } : { value };
}

/** Buckets without a bound on one side answer with the other, but those from minus infinity to something positive. */
function openEnded(histogram: Histogram, bucket: Bucket): Bucket | number {
  if (!isCustom(histogram))
    return bucket.lower < 0 && bucket.upper > 0 ? fitZeroBucket(histogram, bucket) : bucket;
  if (bucket.lower === Number.NEGATIVE_INFINITY)
    return bucket.upper <= 0 ? bucket.upper : { ...bucket, lower: 0 };
  return bucket.upper === Number.POSITIVE_INFINITY ? bucket.lower : bucket;
}

function interpolate(histogram: Histogram, { lower, upper }: Bucket, share: number): number {
  if (isCustom(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * share;
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  return lower > 0 ? 2 ** (low + (high - low) * share) : -(2 ** (high + (low - high) * (1 - share)));
}
