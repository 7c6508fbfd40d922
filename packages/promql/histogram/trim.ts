import { Sum } from "../functions/sums.ts";
import { type Buckets, compact, type Histogram, isCustom } from "./histogram.ts";
import { type Bucket, shareBelow, sideOf } from "./walk.ts";

interface Kept {
  count: number;
  /** What the observations that stay are taken to be. */
  middle: number;
}

/**
 * Without the observations above `bound` (`</`), or below it (`>/`). Count and sum of what stays are estimated from the
 * buckets; a bucket that is cut keeps its share by the interpolation that quantiles use.
 */
export function trimmed(histogram: Histogram, bound: number, keep: "below" | "above"): Histogram {
  const [count, sum] = [new Sum(), new Sum()];
  const linear = isCustom(histogram);
  let changed = false;
  const note = (before: number, kept: Kept): number => {
    if (kept.count !== before) changed = true;
    count.add(kept.count);
    if (kept.count !== 0) sum.add(kept.middle * kept.count);
    return kept.count;
  };
  const side = (buckets: Buckets, sign: 1 | -1) =>
    sideOf(histogram, buckets).map((mirrored) => {
      const bucket = sign === 1 ? mirrored : { ...mirrored, lower: -mirrored.upper, upper: -mirrored.lower };
      return note(bucket.count, cut(bucket, { bound, keep, linear }));
    });
  const positive = side(histogram.positive, 1);
  const negative = side(histogram.negative, -1);
  const zeroCount =
    histogram.zeroCount > 0
      ? note(histogram.zeroCount, cutZero(histogram, bound, keep))
      : histogram.zeroCount;
  if (!changed) return histogram;
  return {
    ...histogram,
    count: count.total,
    sum: sum.total,
    zeroCount,
    positive: compact(histogram.positive.indexes, positive),
    negative: compact(histogram.negative.indexes, negative),
  };
}

interface How {
  bound: number;
  keep: "below" | "above";
  linear: boolean;
}

function cut(bucket: Bucket, how: How): Kept {
  const { lower, upper, count } = bucket;
  const { bound, keep, linear } = how;
  const stays = keep === "below" ? upper <= bound : lower >= bound;
  if (stays) return { count, middle: middleOf(lower, upper, linear) };
  const goes = keep === "below" ? lower >= bound : upper <= bound;
  if (goes) return { count: 0, middle: 0 };
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return cutOpen(bucket, bound, keep);
  const below = count * shareBelow(bucket, bound, linear);
  if (keep === "below") return { count: below, middle: middleOf(lower, bound, linear) };
  return { count: count - below, middle: middleOf(bound, upper, linear) };
}

/**
 * A bucket without a bound on one side, cut at a point inside it. Where its observations lie is not known: it goes, but
 * for two cases. One that reaches up to something positive counts as starting at zero, and what is on the side of the
 * infinity that is kept stays.
 */
function cutOpen({ lower, upper, count }: Bucket, bound: number, keep: "below" | "above"): Kept {
  if (lower === Number.NEGATIVE_INFINITY) {
    const fromZero = upper > 0 && Number.isFinite(upper);
    if (keep === "below") {
      if (bound > 0 && fromZero) return { count: (count * bound) / upper, middle: bound / 2 };
      return upper <= 0 ? { count, middle: bound } : { count: 0, middle: 0 };
    }
    if (bound >= 0 && fromZero) return { count: count * (1 - bound / upper), middle: (bound + upper) / 2 };
    return { count: 0, middle: 0 };
  }
  return keep === "above" ? { count, middle: bound } : { count: 0, middle: 0 };
}

function cutZero(histogram: Histogram, bound: number, keep: "below" | "above"): Kept {
  const { zeroThreshold, zeroCount: count } = histogram;
  const positive = histogram.positive.counts.length > 0;
  const negative = histogram.negative.counts.length > 0;
  const lower = positive && !negative ? 0 : -zeroThreshold;
  const upper = negative && !positive ? 0 : zeroThreshold;
  const below = keep === "below";
  if (bound <= lower) return below ? { count: 0, middle: 0 } : { count, middle: (lower + upper) / 2 };
  if (bound >= upper) return below ? { count, middle: (lower + upper) / 2 } : { count: 0, middle: 0 };
  const share = (below ? bound - lower : upper - bound) / (upper - lower);
  return { count: count * share, middle: below ? (lower + bound) / 2 : (bound + upper) / 2 };
}

function middleOf(lower: number, upper: number, linear: boolean): number {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!Number.isFinite(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const middle = Math.sqrt(Math.abs(lower * upper));
  return upper > 0 ? middle : -middle;
}
