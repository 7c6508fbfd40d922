import type { Samples } from "../evaluate/columns.ts";
import type { WindowFunction } from "./define.ts";
import type { ChangeKind } from "./extrapolate.ts";

/**
 * `rate`, `increase` and `delta` as MetricsQL has them: from the last sample before the window to the last one in it, as
 * they are; nothing is stretched to the window's edges. A rate is per second between those two samples. The sample
 * before counts while it is no older than gaps between samples explain.
 */
export function changeSinceBefore(samples: Samples, how: ChangeKind): WindowFunction {
  const { timestamps } = samples;
  const totals = how.counter ? withoutResets(samples.values) : samples.values;
  const patience = longestGap(timestamps);
  const total = (index: number) => totals[index] ?? 0;
  const change = how.perSecond ? perSecond : inAll;
  return ({ from, to, start }) => {
    let first = from;
    while (first < to && (timestamps[first] ?? 0) <= start) first++;
    const before = first - 1;
    // After its last sample a series has ended.
    const continues =
      first < timestamps.length && before >= 0 && (timestamps[before] ?? 0) > start - patience;
    if (continues && first === to) return 0;
    return change(continues ? before : first, to - 1, { first, continues });
  };

  function perSecond(base: number, last: number): number | undefined {
    const seconds = ((timestamps[last] ?? 0) - (timestamps[base] ?? 0)) / 1000;
    return base < last ? (total(last) - total(base)) / seconds : undefined;
  }

  function inAll(base: number, last: number, { first, continues }: Start): number | undefined {
    if (continues) return total(last) - total(base);
    if (last < first) return undefined;
    // After a gap it is what came since before it.
    if (first > 0) return total(last) - total(first - 1);
    const next = first + 1 < totals.length ? total(first + 1) - total(first) : 0;
    const beganAtZero = Math.abs(total(first)) < 10 * (Math.abs(next) + 1);
    return beganAtZero ? total(last) : total(last) - total(first);
  }
}

interface Start {
  /** Of the samples in the window. */
  first: number;
  continues: boolean;
}

/** Each value with what resets took away before. A small step back is no new beginning: it is added as it is. */
function withoutResets(values: Float64Array): Float64Array {
  let [lost, before] = [0, values[0] ?? 0];
  return values.map((value) => {
    if (value < before) lost += (before - value) * 8 < before ? before - value : before;
    before = value;
    return value + lost;
  });
}

/** How far apart samples may lie in milliseconds: a usual distance, and more the shorter it is, since those waver most. */
function longestGap(timestamps: Float64Array): number {
  const gaps = [...timestamps.subarray(1, 21)].map((time, i) => time - (timestamps[i] ?? 0));
  if (gaps.length === 0) return 0;
  const usual = quantile(0.6, gaps);
  const seconds = usual / 1000;
  if (seconds <= 2) return usual * 5;
  if (seconds <= 4) return usual * 3;
  if (seconds <= 8) return usual * 2;
  if (seconds <= 16) return usual * 1.5;
  return usual * (seconds <= 32 ? 1.25 : 1.125);
}

function quantile(share: number, numbers: number[]): number {
  const sorted = numbers.sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)] ?? 0;
  const upper = sorted[Math.ceil(rank)] ?? lower;
  return lower + (upper - lower) * (rank - Math.floor(rank));
}
