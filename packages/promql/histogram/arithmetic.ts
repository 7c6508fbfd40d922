import { compact, type Histogram, isCustom, noBuckets, type ResetHint } from "./histogram.ts";
import { type Added, HistogramSum } from "./sum.ts";

export type { Added } from "./sum.ts";

/** `a` plus `sign` times `b`; undefined where one has custom buckets and the other has not. */
export function combine(
  a: Histogram,
  b: Histogram,
  sign: 1 | -1,
): { total: Histogram; added: Added } | undefined {
  const sum = new HistogramSum(a);
  const added = sum.add(b, sign);
  return added && { total: sum.total, added };
}

/** Something that is less than nothing is no counter. */
export function scaled(histogram: Histogram, factor: number): Histogram {
  return mapped(histogram, (value) => value * factor, factor < 0 ? "gauge" : histogram.hint);
}

export function divided(histogram: Histogram, divisor: number): Histogram {
  const result = mapped(histogram, (value) => value / divisor, divisor < 0 ? "gauge" : histogram.hint);
  return divisor === 0 ? { ...result, positive: noBuckets, negative: noBuckets } : result;
}

function mapped(histogram: Histogram, change: (value: number) => number, hint: ResetHint): Histogram {
  const side = ({ indexes, counts }: Histogram["positive"]) => compact(indexes, counts.map(change));
  return {
    ...histogram,
    count: change(histogram.count),
    sum: change(histogram.sum),
    zeroCount: isCustom(histogram) ? 0 : change(histogram.zeroCount),
    hint,
    positive: side(histogram.positive),
    negative: side(histogram.negative),
  };
}

export const withHint = (histogram: Histogram, hint: ResetHint): Histogram =>
  histogram.hint === hint ? histogram : { ...histogram, hint };
