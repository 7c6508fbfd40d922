/**
 * What one sample says about the samples before it. "unknown": look at the values; "gauge": not a counter, so that it may
 * fall.
 */
export type ResetHint = "unknown" | "reset" | "not_reset" | "gauge";

/** Buckets that hold something, by index, ascending. Counts are of one bucket each, not cumulative. */
export interface Buckets {
  indexes: Int32Array;
  counts: Float64Array;
}

/**
 * A native histogram, as Prometheus has them. Never changed once made: samples share it.
 *
 * With an exponential schema (-4…8) the positive bucket i covers (2^((i-1)/2^schema), 2^(i/2^schema)], the negative one is
 * its mirror image, and the zero bucket reaches `zeroThreshold` to either side. With schema -53 the bounds are
 * `customBounds` (upper ones, without +Inf), bucket i reaches up to bound i, and only `positive` is used.
 */
export interface Histogram {
  schema: number;
  count: number;
  sum: number;
  zeroThreshold: number;
  zeroCount: number;
  hint: ResetHint;
  positive: Buckets;
  negative: Buckets;
  customBounds: readonly number[];
}

export const customSchema = -53;

export const noBuckets: Buckets = { indexes: new Int32Array(0), counts: new Float64Array(0) };

export const isCustom = (histogram: { schema: number }): boolean => histogram.schema === customSchema;

export function emptyHistogram(schema = 0): Histogram {
  return {
    schema,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    hint: "unknown",
    positive: noBuckets,
    negative: noBuckets,
    customBounds: [],
  };
}

/** Without buckets that hold nothing: every histogram is kept in this form, so that equal ones look equal. */
export function compact(indexes: ArrayLike<number>, counts: ArrayLike<number>): Buckets {
  let kept = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) kept++;
  if (kept === 0) return noBuckets;
  const buckets: Buckets = { indexes: new Int32Array(kept), counts: new Float64Array(kept) };
  let next = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    buckets.indexes[next] = indexes[i] ?? 0;
    buckets.counts[next++] = counts[i] ?? 0;
  }
  return buckets;
}

/** The upper bound of bucket `index` of an exponential schema. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) return boundOf(0, 0, index * 2 ** -schema);
  return boundOf(index & ((1 << schema) - 1), schema, index >> schema);
}

function boundOf(part: number, schema: number, exponent: number): number {
  // The last bucket of ordinary numbers ends at the greatest of them; infinities have one of their own above it.
  if (part === 0 && exponent === 1024) return Number.MAX_VALUE;
  return 2 ** (part / 2 ** schema) * 2 ** exponent;
}

/** The upper bound of positive bucket `index`. */
export function upperBound(histogram: Pick<Histogram, "schema" | "customBounds">, index: number): number {
  if (!isCustom(histogram)) return exponentialBound(index, histogram.schema);
  if (index < 0) return Number.NEGATIVE_INFINITY;
  return histogram.customBounds[index] ?? Number.POSITIVE_INFINITY;
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

/** The same in everything but the hint. NaN equals itself. */
export function equalHistograms(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBounds(a.customBounds, b.customBounds) &&
    equalBuckets(a.positive, b.positive) &&
    equalBuckets(a.negative, b.negative)
  );
}

function equalBuckets(a: Buckets, b: Buckets): boolean {
  if (a.indexes.length !== b.indexes.length) return false;
  for (let i = 0; i < a.indexes.length; i++)
    if (a.indexes[i] !== b.indexes[i] || !Object.is(a.counts[i], b.counts[i])) return false;
  return true;
}
