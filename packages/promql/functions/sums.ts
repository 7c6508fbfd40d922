/**
 * A sum that does not lose small terms (Neumaier's form of Kahan's algorithm). The same terms in the same order
 * always give the same bits.
 */
export class Sum {
  value = 0;
  compensation = 0;

  add(term: number): void {
    const next = this.value + term;
    if (!Number.isFinite(next) && !Number.isNaN(next)) this.compensation = 0;
    else if (Math.abs(this.value) >= Math.abs(term)) this.compensation += this.value - next + term;
    else this.compensation += term - next + this.value;
    this.value = next;
  }

  get total(): number {
    return this.value + this.compensation;
  }
}

/** The same for one of many sums, kept in columns. */
export function addTo(values: Float64Array, compensation: Float64Array, i: number, term: number): void {
  const held = values[i] ?? 0;
  const next = held + term;
  if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) compensation[i] = 0;
  else if (Math.abs(held) >= Math.abs(term)) compensation[i] = (compensation[i] ?? 0) + (held - next + term);
  else compensation[i] = (compensation[i] ?? 0) + (term - next + held);
  values[i] = next;
}

/**
 * Sums of all values before each index, where every partial sum of whole numbers is exact: then the difference of two of
 * them has the very bits that summing up the values between would give. Undefined where that does not hold.
 */
export function exactPrefixSums(values: Float64Array): Float64Array | undefined {
  const sums = new Float64Array(values.length + 1);
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    size += Math.abs(value);
    if (!Number.isInteger(value) || size > Number.MAX_SAFE_INTEGER) return undefined;
    sums[i + 1] = (sums[i] ?? 0) + value;
  }
  return sums;
}

/** The mean of values[from…to); goes over to a running mean where the sum would overflow. */
export function mean(values: Float64Array, from: number, to: number): number {
  const sum = new Sum();
  let running = false;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const count = i - from + 1;
    if (!running) {
      const { value: before, compensation } = sum;
      sum.add(value);
      if (count === 1 || Number.isFinite(sum.value) || Number.isNaN(sum.value)) continue;
      running = true;
      sum.value = before / (count - 1);
      sum.compensation = compensation / (count - 1);
    }
    const weight = (count - 1) / count;
    sum.value *= weight;
    sum.compensation *= weight;
    sum.add(value / count);
  }
  const count = to - from;
  return running ? sum.total : sum.value / count + sum.compensation / count;
}

/** Population variance of values[from…to), by Welford's method with compensated sums. */
export function variance(values: Float64Array, from: number, to: number): number {
  const average = new Sum();
  const squares = new Sum();
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const delta = value - average.total;
    average.add(delta / (i - from + 1));
    squares.add(delta * (value - average.total));
  }
  return squares.total / (to - from);
}

/** Least squares over samples[from…to): slope a second, and the value at `originMs`. */
export function linearRegression(
  samples: { timestamps: Float64Array; values: Float64Array },
  range: { from: number; to: number; originMs: number },
): { slope: number; intercept: number } {
  const [sx, sy, sxy, sxx] = [new Sum(), new Sum(), new Sum(), new Sum()];
  const first = samples.values[range.from] ?? 0;
  let constant = true;
  for (let i = range.from; i < range.to; i++) {
    const value = samples.values[i] ?? 0;
    const seconds = ((samples.timestamps[i] ?? 0) - range.originMs) / 1000;
    if (value !== first) constant = false;
    sx.add(seconds);
    sy.add(value);
    sxy.add(seconds * value);
    sxx.add(seconds * seconds);
  }
  if (constant)
    return Number.isFinite(first)
      ? { slope: 0, intercept: first }
      : { slope: Number.NaN, intercept: Number.NaN };
  const count = range.to - range.from;
  const covariance = sxy.total - (sx.total * sy.total) / count;
  const spread = sxx.total - (sx.total * sx.total) / count;
  const slope = covariance / spread;
  return { slope, intercept: sy.total / count - (slope * sx.total) / count };
}

/** The q-quantile of `sorted` (ascending, NaN first), interpolated between neighbours. */
export function quantileOfSorted(
  q: number,
  sorted: { length: number; at(index: number): number | undefined },
): number {
  if (sorted.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted.at(lower) ?? 0) * (1 - weight) + (sorted.at(upper) ?? 0) * weight;
}

/** Ascending with NaN first, in place. */
export function sortNaNFirst(values: Float64Array): Float64Array {
  return values.sort((a, b) => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b));
}
