import type { Samples } from "../evaluate/columns.ts";
import { withHint } from "../histogram/arithmetic.ts";
import { emptyHistogram, type Histogram, isCustom } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { mixedSchemas, type Notes, notCounter, notGauge, reconciled } from "../notes.ts";
import type { Window } from "./define.ts";
import { pairAt, startsAnew } from "./starts.ts";

/** Tells of each sample of a series whether the counter began anew with it; found once, not in every window. */
export function freshStarts(samples: Samples): (i: number) => boolean {
  const { histograms = [] } = samples;
  const known = new Int8Array(histograms.length).fill(-1);
  return (i) => {
    if (known[i] === -1) {
      const [now, then] = [histograms[i], histograms[i - 1]];
      known[i] = now && then && (startsAnew(pairAt(samples, i)) || isReset(now, then)) ? 1 : 0;
    }
    return known[i] === 1;
  };
}

/** What came in between the first and the last histogram of a window; a gauge. Undefined, and told, where they do not fit. */
export function histogramChange(
  samples: Samples,
  window: Window,
  how: { counter: boolean; context: Notes; isFresh: (i: number) => boolean },
): Histogram | undefined {
  const { counter, context, isFresh } = how;
  const histograms = samples.histograms?.slice(window.from, window.to) ?? [];
  const [first, second, last] = [histograms[0], histograms[1], histograms.at(-1)];
  if (!first || !second || !last) return undefined;
  if (counter && histograms.some((histogram) => histogram?.hint === "gauge"))
    context.warn(notCounter(context.metric));
  if (!counter && (first.hint !== "gauge" || last.hint !== "gauge")) context.warn(notGauge(context.metric));
  // What a reset follows at once does not count, and may be of another kind.
  const base =
    counter && isFresh(window.from + 1)
      ? { ...emptyHistogram(second.schema), customBounds: second.customBounds }
      : first;
  const middle = counter ? histograms.slice(1, -1) : [];
  if ([...middle, last].some((histogram) => histogram && isCustom(histogram) !== isCustom(base))) {
    context.warn(mixedSchemas(context.metric));
    return undefined;
  }
  const sum = new HistogramSum(withHint(last, "unknown"));
  sum.reduce(Math.min(base.schema, ...middle.map((histogram) => histogram?.schema ?? base.schema)));
  if (sum.add(base, -1)?.reconciled) context.inform(reconciled("subtraction"));
  // What the counter held each time it began anew; what it held before the second sample is in `base`.
  for (let i = 2; counter && i < histograms.length; i++) {
    const before = histograms[i - 1];
    if (!before || !isFresh(window.from + i)) continue;
    if (sum.add(before)?.reconciled) context.inform(reconciled("addition"));
  }
  return withHint(sum.total, "gauge");
}
