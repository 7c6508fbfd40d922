import type { Samples } from "../evaluate/columns.ts";
import { interpolateFloats, interpolateHistograms } from "../evaluate/smooth.ts";
import { divided, withHint } from "../histogram/arithmetic.ts";
import { type Histogram, isCustom } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { mixedSchemas, notCounter, notGauge, reconciled } from "../notes.ts";
import type { RangeContext, RichWindowFunction, Window } from "./define.ts";
import type { ChangeKind } from "./extrapolate.ts";
import { eitherKind } from "./mixed.ts";

type Extension = "anchored" | "smoothed";
interface Edges {
  start: number;
  end: number;
  extended: Extension;
}
/** The samples that a change is measured between. */
interface Ends {
  first: number;
  last: number;
}

/**
 * `rate`, `increase` and `delta` without guesses about the window's edges. Anchored: from the last sample before the
 * window to the last one in it. Smoothed: between the points where lines between samples cross the edges.
 */
export function extendedChange(
  samples: Samples,
  how: ChangeKind,
  context: RangeContext & { extended: Extension },
): RichWindowFunction {
  const { extended } = context;
  return eitherKind(samples, context, {
    floats: (floats) => (window) => floatChange(floats, { ...window, extended }, how),
    histograms: (all) => (window) => histogramChange(all, { ...window, extended }, { ...how, context }),
  });
}

function endsOf({ timestamps }: Samples, window: Window & Edges): Ends | undefined {
  const { from, to, start, end, extended } = window;
  let last = to - 1;
  let first = from;
  while (first < last && (timestamps[first] ?? 0) <= start) first++;
  first = Math.max(from, first - 1);
  if (extended === "smoothed") {
    let crossing = from;
    while (crossing < last && (timestamps[crossing] ?? 0) < end) crossing++;
    last = crossing;
  }
  if ((timestamps[last] ?? 0) <= start) return undefined;
  if (extended === "smoothed" && (timestamps[first] ?? 0) > end) return undefined;
  return { first, last };
}

function valuesAtEnds(samples: Samples, ends: Ends, edges: Edges & { counter: boolean }): [number, number] {
  const { timestamps, values } = samples;
  const { start, end, counter } = edges;
  const smoothed = edges.extended === "smoothed";
  const left =
    smoothed && (timestamps[ends.first] ?? 0) < start
      ? interpolateFloats(samples, { before: ends.first, at: start, counter })
      : (values[ends.first] ?? 0);
  const right =
    smoothed && ends.last > 0 && (timestamps[ends.last] ?? 0) > end
      ? interpolateFloats(samples, { before: ends.last - 1, at: end, counter })
      : (values[ends.last] ?? 0);
  return [left, right];
}

/** Indexes of the samples truly between the edges. */
function between({ timestamps }: Samples, { first, last }: Ends, { start, end }: Edges): Ends {
  return {
    first: (timestamps[first] ?? 0) <= start ? first + 1 : first,
    last: (timestamps[last] ?? 0) >= end ? last - 1 : last,
  };
}

function floatChange(samples: Samples, window: Window & Edges, how: ChangeKind): number | undefined {
  const ends = endsOf(samples, window);
  if (!ends) return undefined;
  const [left, right] = valuesAtEnds(samples, ends, { ...window, counter: how.counter });
  let change = right - left;
  if (how.counter) {
    const inner = between(samples, ends, window);
    let previous = left;
    for (let i = inner.first; i <= inner.last; i++) {
      const value = samples.values[i] ?? 0;
      if (value < previous) change += previous;
      previous = value;
    }
    if (right < previous) change += previous;
  }
  return how.perSecond ? change / ((window.end - window.start) / 1000) : change;
}

/** A range selector as the whole query: a point at either edge, and the samples between. */
export function atEdges(samples: Samples, edges: Edges): Samples | undefined {
  const ends = endsOf(samples, { from: 0, to: samples.values.length, at: edges.end, ...edges });
  if (!ends) return undefined;
  const [left, right] = valuesAtEnds(samples, ends, { ...edges, counter: false });
  const inner = between(samples, ends, edges);
  const cut = (column: Float64Array) => column.subarray(inner.first, Math.max(inner.first, inner.last + 1));
  return {
    timestamps: Float64Array.of(edges.start, ...cut(samples.timestamps), edges.end),
    values: Float64Array.of(left, ...cut(samples.values), right),
  };
}

interface How extends ChangeKind {
  context: RangeContext;
}

function histogramChange(samples: Samples, window: Window & Edges, how: How): Histogram | undefined {
  const { context, counter } = how;
  const ends = endsOf(samples, window);
  const histograms = samples.histograms?.slice(ends?.first, (ends?.last ?? 0) + 1) ?? [];
  if (!ends || !fit(histograms, how)) return undefined;
  const sides = histogramsAtEnds(samples, { ends, window }, how);
  if (!sides) return undefined;
  const { left, right } = sides;
  if (!counter && (left.hint !== "gauge" || right.hint !== "gauge")) context.warn(notGauge(context.metric));
  const sum = new HistogramSum(right);
  if (!add(sum, left, { sign: -1, context })) return undefined;
  if (counter) {
    const lost = lostToResets(histograms, { left, right, crossed: sides.crossed });
    for (const histogram of lost) if (!add(sum, histogram, { sign: 1, context })) return undefined;
  }
  const change = withHint(sum.total, "gauge");
  return how.perSecond ? divided(change, (window.end - window.start) / 1000) : change;
}

/** All of one kind of buckets, and counters where a counter is wanted; both are told. */
function fit(histograms: readonly (Histogram | undefined)[], { context, counter }: How): boolean {
  const custom = histograms[0] && isCustom(histograms[0]);
  for (const histogram of histograms) {
    if (!histogram) continue;
    if (isCustom(histogram) !== custom) {
      context.warn(mixedSchemas(context.metric));
      return false;
    }
    if (counter && histogram.hint === "gauge") context.warn(notCounter(context.metric));
  }
  return true;
}

function histogramsAtEnds(
  samples: Samples,
  { ends, window }: { ends: Ends; window: Window & Edges },
  { counter, context }: How,
): { left: Histogram; right: Histogram; crossed: boolean } | undefined {
  const { timestamps, histograms } = samples;
  const { start, end } = window;
  const smoothed = window.extended === "smoothed";
  const drawn = smoothed && (timestamps[ends.first] ?? 0) < start;
  const left = drawn
    ? interpolateHistograms(samples, { before: ends.first, at: start, counter }, context)
    : histograms?.[ends.first];
  const right =
    smoothed && ends.last > window.from && (timestamps[ends.last] ?? 0) > end
      ? interpolateHistograms(samples, { before: ends.last - 1, at: end, counter }, context)
      : histograms?.[ends.last];
  const [before, after] = [histograms?.[ends.first], histograms?.[ends.first + 1]];
  const crossed = drawn && before !== undefined && after !== undefined && isReset(after, before);
  return left && right && { left, right, crossed };
}

/**
 * What was held each time the counter began anew. Where the line to the left edge crosses a reset (`crossed`), the
 * point on it counts from that reset already.
 */
function lostToResets(
  histograms: readonly (Histogram | undefined)[],
  { left, right, crossed }: { left: Histogram; right: Histogram; crossed: boolean },
): Histogram[] {
  const lost: Histogram[] = [];
  const first = crossed ? 2 : 1;
  if (first > histograms.length - 1) return lost;
  let previous = crossed ? (histograms[1] ?? left) : left;
  for (const histogram of histograms.slice(first, -1)) {
    if (!histogram) continue;
    if (isReset(histogram, previous)) lost.push(previous);
    previous = histogram;
  }
  if (isReset(right, previous)) lost.push(previous);
  return lost;
}

function add(
  sum: HistogramSum,
  other: Histogram,
  { sign, context }: { sign: 1 | -1; context: RangeContext },
): boolean {
  const added = sum.add(other, sign);
  if (!added) context.warn(mixedSchemas(context.metric));
  if (added?.reconciled) context.inform(reconciled(sign === 1 ? "addition" : "subtraction"));
  return added !== undefined;
}
