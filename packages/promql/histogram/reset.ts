import {
  type Buckets,
  exponentialBound,
  type Histogram,
  isCustom,
  sameBounds,
  upperBound,
} from "./histogram.ts";
import { coarser, moveBuckets } from "./sides.ts";
import { isInside, settledThreshold } from "./zero.ts";

/** True where the counter began anew between the two: its own hint says so, or something in it fell. */
export function isReset(current: Histogram, previous: Histogram): boolean {
  if (current.hint === "reset") return true;
  if (current.hint === "not_reset") return false;
  if (current.count < previous.count) return true;
  if (isCustom(current) !== isCustom(previous)) return true;
  if (isCustom(current))
    return sameBounds(current.customBounds, previous.customBounds)
      ? anyFell(current.positive, previous.positive)
      : anyRangeFell(current, previous);
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  return exponentialFell(current, previous);
}

function exponentialFell(current: Histogram, previous: Histogram): boolean {
  const { schema, zeroThreshold } = current;
  const widens = previous.zeroThreshold < zeroThreshold;
  if (widens && settledThreshold(previous, zeroThreshold) !== zeroThreshold) return true;
  const inside = isInside(previous.schema, zeroThreshold);
  let zeroCount = previous.zeroCount;
  if (widens)
    for (const { indexes, counts } of [previous.positive, previous.negative])
      for (let i = 0; i < indexes.length; i++) if (inside(indexes[i] ?? 0)) zeroCount += counts[i] ?? 0;
  if (current.zeroCount < zeroCount) return true;
  const move = coarser(previous.schema, schema);
  const outside = (side: Buckets) => {
    if (previous.schema === schema && !widens) return side;
    return moveBuckets(side, (index) => (widens && inside(index) ? undefined : move(index)));
  };
  const above = (side: Buckets) =>
    zeroThreshold === 0
      ? side
      : moveBuckets(side, (index) => (exponentialBound(index, schema) <= zeroThreshold ? undefined : index));
  return (
    anyFell(current.positive, above(outside(previous.positive))) ||
    anyFell(current.negative, above(outside(previous.negative)))
  );
}

/** True where a bucket holds less than before, or is gone. */
function anyFell(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  for (let i = 0; i < previous.indexes.length; i++) {
    const index = previous.indexes[i] ?? 0;
    const before = previous.counts[i] ?? 0;
    if (before === 0) continue;
    while (at < current.indexes.length && (current.indexes[at] ?? 0) < index) at++;
    if (at >= current.indexes.length || current.indexes[at] !== index) return true;
    if ((current.counts[at] ?? 0) < before) return true;
  }
  return false;
}

/** The same between bounds that both have. */
function anyRangeFell(current: Histogram, previous: Histogram): boolean {
  const common = current.customBounds.filter((bound) => previous.customBounds.includes(bound));
  const [now, before] = [current, previous].map((histogram) => {
    const sums = new Float64Array(common.length + 1);
    const { indexes, counts } = histogram.positive;
    for (let i = 0; i < indexes.length; i++) {
      const upper = upperBound(histogram, indexes[i] ?? 0);
      const range = common.findIndex((bound) => bound >= upper);
      const to = range < 0 ? common.length : range;
      sums[to] = (sums[to] ?? 0) + (counts[i] ?? 0);
    }
    return sums;
  });
  return before?.some((count, i) => (now?.[i] ?? 0) < count) ?? false;
}
