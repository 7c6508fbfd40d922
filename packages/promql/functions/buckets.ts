/** How many observations were at most `bound`. */
export interface Bucket {
  bound: number;
  count: number;
}

/** Counts that fell from one bucket to a higher one by more than rounding explains, and were held level. */
export interface Repair {
  /** The least and the greatest bound of such buckets. */
  least: number;
  greatest: number;
  /** By how much at most. */
  fall: number;
}

/** The q-quantile of a classic histogram, interpolated inside its bucket. */
export function bucketQuantile(
  q: number,
  unsorted: Bucket[],
): { value: number; repair?: Repair | undefined } {
  const answer = (value: number, repair?: Repair) => ({ value, repair });
  if (Number.isNaN(q)) return answer(Number.NaN);
  if (q < 0) return answer(Number.NEGATIVE_INFINITY);
  if (q > 1) return answer(Number.POSITIVE_INFINITY);
  const buckets = coalesce(unsorted.toSorted((a, b) => a.bound - b.bound));
  const last = buckets.at(-1);
  if (!last || last.bound !== Number.POSITIVE_INFINITY) return answer(Number.NaN);
  const repaired = makeMonotonic(buckets);
  if (buckets.length < 2) return answer(Number.NaN, repaired);
  const observations = last.count;
  if (observations === 0) return answer(Number.NaN, repaired);
  let rank = q * observations;
  const index = firstReaching(rank, buckets);
  const upper = buckets[index] ?? last;
  const lower = buckets[index - 1];
  if (index === buckets.length - 1) return answer(lower?.bound ?? Number.NaN, repaired);
  if (index === 0 && upper.bound <= 0) return answer(upper.bound, repaired);
  let start = 0;
  let count = upper.count;
  if (lower) {
    start = lower.bound;
    count -= lower.count;
    rank -= lower.count;
  }
  return answer(start + (upper.bound - start) * (rank / count), repaired);
}

/** By halves, as Prometheus looks: where counts are NaN, which stand in no order, that decides. */
function firstReaching(rank: number, buckets: readonly Bucket[]): number {
  let [low, high] = [0, buckets.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((buckets[middle]?.count ?? 0) >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The share of observations of a classic histogram in (lower, upper], interpolated inside buckets. */
export function bucketFraction(lower: number, upper: number, unsorted: Bucket[]): number {
  const buckets = coalesce(unsorted.toSorted((a, b) => a.bound - b.bound));
  const last = buckets.at(-1);
  if (!last || last.bound !== Number.POSITIVE_INFINITY) return Number.NaN;
  if (last.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const rank = (bound: number) => Math.min(rankOf(bound, buckets) ?? last.count, last.count);
  return (rank(upper) - rank(lower)) / last.count;
}

/** How many observations are below `value`; undefined where it lies above all buckets. */
function rankOf(value: number, buckets: readonly Bucket[]): number | undefined {
  let rank = 0;
  let lower = (buckets[0]?.bound ?? 0) <= 0 ? Number.NEGATIVE_INFINITY : 0;
  for (const { bound, count } of buckets) {
    if (lower >= value) return rank;
    if (bound > value) {
      if (lower === Number.NEGATIVE_INFINITY) return count;
      return rank + ((count - rank) * (value - lower)) / (bound - lower);
    }
    rank = count;
    lower = bound;
  }
  return undefined;
}

/** Buckets of equal bounds, such as `1` and `1.0`, become one. */
function coalesce(sorted: Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const bucket of sorted) {
    const last = buckets.at(-1);
    if (last && last.bound === bucket.bound) last.count += bucket.count;
    else buckets.push({ ...bucket });
  }
  return buckets;
}

/** Differences below this share of the counts come from floating-point arithmetic and are not told. */
const tolerance = 1e-12;

function makeMonotonic(buckets: Bucket[]): Repair | undefined {
  let repair: Repair | undefined;
  let before = buckets[0]?.count ?? 0;
  for (const bucket of buckets.slice(1)) {
    const { count } = bucket;
    if (count === before) continue;
    if (almostEqual(before, count)) {
      bucket.count = before;
      continue;
    }
    if (count < before) {
      repair = {
        least: Math.min(repair?.least ?? bucket.bound, bucket.bound),
        greatest: bucket.bound,
        fall: Math.max(repair?.fall ?? 0, before - count),
      };
      bucket.count = before;
      continue;
    }
    before = count;
  }
  return repair;
}

function almostEqual(a: number, b: number): boolean {
  const difference = Math.abs(a - b);
  return difference / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < tolerance;
}
