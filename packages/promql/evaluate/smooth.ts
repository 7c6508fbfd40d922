import { combine, scaled, withHint } from "../histogram/arithmetic.ts";
import { type Histogram, isCustom } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { mixedKinds, mixedSchemas, type Notes, reconciled } from "../notes.ts";
import { type Column, type Samples, setValue } from "./columns.ts";

/** The value at time `at`, on the line between two samples; a counter that was reset starts from nothing. */
export function interpolateFloats(
  { timestamps, values }: Samples,
  { before, at, counter }: { before: number; at: number; counter: boolean },
): number {
  const [from = 0, to = 0] = [values[before], values[before + 1]];
  const [start = 0, end = 0] = [timestamps[before], timestamps[before + 1]];
  const base = counter && to < from ? 0 : from;
  return base + ((to - base) * (at - start)) / (end - start);
}

/** The same for histograms; undefined where the two do not go together. */
export function interpolateHistograms(
  { timestamps, histograms }: Samples,
  { before, at, counter }: { before: number; at: number; counter: boolean },
  notes: Notes,
): Histogram | undefined {
  const [from, to] = [histograms?.[before], histograms?.[before + 1]];
  const [start = 0, end = 0] = [timestamps[before], timestamps[before + 1]];
  if (!from || !to) return undefined;
  if (at === start) return from;
  if (at === end) return to;
  const share = (at - start) / (end - start);
  if (counter && isReset(to, from)) return scaled(to, share);
  const difference = combine(to, from, -1);
  const sum = difference && combine(scaled(difference.total, share), from, 1);
  if (!sum) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  if (difference.added.reconciled) notes.inform(reconciled("subtraction"));
  if (sum.added.reconciled) notes.inform(reconciled("addition"));
  return sum.total;
}

/** A selector that is `smoothed`: lines between samples that are at most one lookback away on either side. */
export function fillSmoothed(
  samples: Samples,
  column: Column,
  how: { base: number; stride: number; lookbackMs: number; notes: Notes },
): boolean {
  const { timestamps } = samples;
  let [first, next, end] = [0, 0, 0];
  let any = false;
  for (let i = 0; i < column.values.length; i++) {
    const at = how.base + i * how.stride;
    while (end < timestamps.length && (timestamps[end] ?? 0) <= at + how.lookbackMs) end++;
    while (first < end && (timestamps[first] ?? 0) <= at - how.lookbackMs) first++;
    while (next < end && (timestamps[next] ?? 0) < at) next++;
    if (first === end) continue;
    const value = smoothedAt(samples, { first, next: Math.max(next, first), end, at }, how.notes);
    if (value === undefined) continue;
    setValue(column, i, value);
    any = true;
  }
  return any;
}

function smoothedAt(
  samples: Samples,
  { first, next, end, at }: { first: number; next: number; end: number; at: number },
  notes: Notes,
): number | Histogram | undefined {
  const { timestamps, values, histograms } = samples;
  const found = histograms?.slice(first, end).filter((histogram) => histogram !== undefined).length ?? 0;
  if (found > 0 && found < end - first) {
    notes.warn(mixedKinds(notes.metric));
    return undefined;
  }
  if (next < end && timestamps[next] === at) return histograms?.[next] ?? values[next];
  if (next === first) return undefined;
  if (next === end) {
    // The hint tells of this sample and the one before it, not of the value that is carried on.
    const held = histograms?.[next - 1];
    return held ? withHint(held, "unknown") : values[next - 1];
  }
  if (found === 0) return interpolateFloats(samples, { before: next - 1, at, counter: false });
  const [from, to] = [histograms?.[next - 1], histograms?.[next]];
  if (from && to && isCustom(from) !== isCustom(to)) {
    notes.warn(mixedSchemas(notes.metric));
    return undefined;
  }
  const counter = from?.hint !== "gauge" || to?.hint !== "gauge";
  return interpolateHistograms(samples, { before: next - 1, at, counter }, notes);
}
