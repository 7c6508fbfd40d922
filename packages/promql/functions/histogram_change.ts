import type { Samples } from "../evaluate/columns.ts";
import { withHint } from "../histogram/arithmetic.ts";
import { emptyHistogram, type Histogram, isCustom } from "../histogram/histogram.ts";
import { isReset } from "../histogram/reset.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { mixedSchemas, type Notes, notCounter, notGauge, reconciled } from "../notes.ts";
import type { Window } from "./define.ts";
import { pairAt, startsAnew } from "./starts.ts";

/** What came in between the first and the last histogram of a window; a gauge. Undefined, and told, where they do not fit. */
export function histogramChange(
  samples: Samples,
  window: Window,
  { counter, context }: { counter: boolean; context: Notes },
): Histogram | undefined {
  const histograms = samples.histograms?.slice(window.from, window.to) ?? [];
  const [first, second, last] = [histograms[0], histograms[1], histograms.at(-1)];
  if (!first || !second || !last) return undefined;
  if (counter && histograms.some((histogram) => histogram?.hint === "gauge"))
    context.warn(notCounter(context.metric));
  if (!counter && (first.hint !== "gauge" || last.hint !== "gauge")) context.warn(notGauge(context.metric));
  const isNew = (i: number, previous: Histogram) =>
    startsAnew(pairAt(samples, window.from + i)) || isReset(histograms[i] ?? previous, previous);
  // What a reset follows at once does not count, and may be of another kind.
  const base =
    counter && isNew(1, first)
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
  if (counter) addLost(sum, histograms, { base, isNew, context });
  return withHint(sum.total, "gauge");
}

/** What the counter held each time it began anew. */
function addLost(
  sum: HistogramSum,
  histograms: readonly (Histogram | undefined)[],
  how: { base: Histogram; isNew: (i: number, previous: Histogram) => boolean; context: Notes },
): void {
  let previous = how.base;
  for (const [i, histogram] of histograms.entries()) {
    if (i === 0 || !histogram) continue;
    if (how.isNew(i, previous) && sum.add(previous)?.reconciled) how.context.inform(reconciled("addition"));
    previous = histogram;
  }
}
