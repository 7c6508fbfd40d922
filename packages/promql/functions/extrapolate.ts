import type { Samples } from "../evaluate/columns.ts";
import { findResets } from "../evaluate/rows/functions.ts";
import { floatsOnly } from "../evaluate/windows.ts";
import { scaled } from "../histogram/arithmetic.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { mixedSchemas, overlappingStart, reconciled } from "../notes.ts";
import type { RangeContext, RichWindowFunction, Window, WindowFunction } from "./define.ts";
import { extendedChange } from "./extended.ts";
import { freshStarts, histogramChange } from "./histogram_change.ts";
import { eitherKind } from "./mixed.ts";
import { changeSinceBefore } from "./since_before.ts";
import { overlaps, pairAt, startsAnew } from "./starts.ts";

export interface ChangeKind {
  counter: boolean;
  perSecond: boolean;
}

/**
 * `rate`, `increase` and `delta`: the difference of last and first sample, with what resets took away, stretched to
 * the window's edges where samples come close to them (Prometheus' extrapolatedRate).
 */
export function extrapolate(samples: Samples, how: ChangeKind): WindowFunction {
  const { timestamps, values } = samples;
  const resets = how.counter ? findResets(values) : new Int32Array(0);
  // Windows only move forward unless the range is held by @, so the resets are passed once.
  let firstReset = 0;
  return (window) => {
    const { from, to } = window;
    if (to - from < 2) return undefined;
    if (firstReset > 0 && (resets[firstReset - 1] ?? 0) > from) firstReset = 0;
    while (firstReset < resets.length && (resets[firstReset] ?? 0) <= from) firstReset++;
    const first = values[from] ?? 0;
    let change = (values[to - 1] ?? 0) - first;
    for (let r = firstReset; r < resets.length; r++) {
      const index = resets[r] ?? 0;
      if (index >= to) break;
      change += values[index - 1] ?? 0;
    }
    return change * stretch(timestamps, window, how.counter ? reach(first, change) : none, how.perSecond);
  };
}

/** The same for series with histograms, start timestamps or an extended selector. */
export function extrapolateRich(
  samples: Samples,
  how: ChangeKind,
  context: RangeContext,
): RichWindowFunction {
  const { extended } = context;
  if (extended === "since-before")
    return floatsOnly(samples, (floats) => changeSinceBefore(floats, how), context);
  if (extended) return extendedChange(samples, how, { ...context, extended });
  return eitherKind(samples, context, {
    floats: (floats) =>
      floats.startTimestamps && how.counter ? sinceStart(floats, how, context) : extrapolate(floats, how),
    histograms: (all) => extrapolateHistograms(all, how, context),
  });
}

/** A counter whose samples tell since when they count: where that is inside the window, it was nothing then. */
function sinceStart(samples: Samples, how: ChangeKind, context: RangeContext): WindowFunction {
  const { timestamps, values } = samples;
  return (window) => {
    const { from, to } = window;
    const startedAt = startInside(samples, window);
    if (to - from < 2 && startedAt === undefined) return undefined;
    const first = values[from] ?? 0;
    let change = (values[to - 1] ?? 0) - first;
    for (let i = from + 1; i < to; i++)
      if ((values[i] ?? 0) < (values[i - 1] ?? 0) || startsAnew(pairAt(samples, i)))
        change += values[i - 1] ?? 0;
    warnOfOverlap(samples, window, context);
    if (startedAt !== undefined) change += first;
    return change * stretch(timestamps, window, reach(first, change), how.perSecond, startedAt);
  };
}

/** Since when the first sample counts, if that is inside the window. */
function startInside({ timestamps, startTimestamps }: Samples, window: Window): number | undefined {
  const start = startTimestamps?.[window.from] ?? 0;
  return start !== 0 && start > window.start && start < (timestamps[window.from] ?? 0) ? start : undefined;
}

function warnOfOverlap(samples: Samples, { from, to }: Window, context: RangeContext): void {
  for (let i = from + 1; i < to; i++) {
    if (!overlaps(pairAt(samples, i))) continue;
    context.warn(overlappingStart(context.metric), (times) => (times > 1 ? ` (${times} occurrences)` : ""));
    return;
  }
}

function extrapolateHistograms(
  samples: Samples,
  how: ChangeKind,
  context: RangeContext,
): (window: Window) => Histogram | undefined {
  const isFresh = freshStarts(samples);
  return (window) => {
    const { from, to } = window;
    const first = samples.histograms?.[from];
    const startedAt = how.counter ? startInside(samples, window) : undefined;
    if (!first || (to - from < 2 && startedAt === undefined)) return undefined;
    let change: Histogram | undefined =
      to - from < 2 ? first : histogramChange(samples, window, { ...how, context, isFresh });
    if (!change) return undefined;
    if (how.counter) warnOfOverlap(samples, window, context);
    if (startedAt !== undefined && to - from >= 2) change = plus(change, first, context);
    if (!change) return undefined;
    const most = how.counter ? reach(first.count, change.count) : none;
    return scaled(change, stretch(samples.timestamps, window, most, how.perSecond, startedAt));
  };
}

function plus(change: Histogram, first: Histogram, context: RangeContext): Histogram | undefined {
  const sum = new HistogramSum(change);
  const added = sum.add(first);
  if (!added) context.warn(mixedSchemas(context.metric));
  if (added?.reconciled) context.inform(reconciled("addition"));
  return added && sum.total;
}

/** No counter: nothing limits how far back it reaches. */
export const none = Number.POSITIVE_INFINITY;

/** A counter cannot have been below zero: how far back, in lengths of what was sampled, it would meet zero. */
export const reach = (first: number, change: number): number =>
  change > 0 && first >= 0 ? first / change : none;

function stretch(
  timestamps: Float64Array,
  window: Window,
  most: number,
  perSecond: boolean,
  startedAt?: number,
): number {
  const sampled = {
    firstTime: timestamps[window.from] ?? 0,
    lastTime: timestamps[window.to - 1] ?? 0,
    gaps: window.to - window.from - 1,
  };
  return stretchOf(sampled, window, { most, perSecond, startedAt });
}

/**
 * By how much a change between the first and the last sample of a window is stretched to its edges; times in milliseconds.
 * `most`: how far before the first sample it may reach, in lengths of what was sampled.
 */
export function stretchOf(
  { firstTime, lastTime, gaps }: { firstTime: number; lastTime: number; gaps: number },
  window: Pick<Window, "start" | "end">,
  { most, perSecond, startedAt }: { most: number; perSecond: boolean; startedAt?: number | undefined },
): number {
  let sampled = (lastTime - firstTime) / 1000;
  const mean = gaps > 0 ? sampled / gaps : 0;
  const threshold = mean * 1.1;
  let toStart = (firstTime - window.start) / 1000;
  if (startedAt !== undefined) {
    toStart = 0;
    sampled = (lastTime - startedAt) / 1000;
  } else {
    if (toStart >= threshold) toStart = mean / 2;
    toStart = Math.min(toStart, sampled * most);
  }
  let toEnd = (window.end - lastTime) / 1000;
  if (toEnd >= threshold) toEnd = mean / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return perSecond ? factor / ((window.end - window.start) / 1000) : factor;
}
