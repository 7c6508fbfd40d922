import type { Samples } from "../evaluate/columns.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { HistogramMean } from "../histogram/mean.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { conflictingResets, mixedSchemas, type Notes, reconciled } from "../notes.ts";
import type { RichWindowFunction } from "./define.ts";

/** The sum or mean of the histograms in each window. */
export function histogramTotals(samples: Samples, kind: "sum" | "avg", notes: Notes): RichWindowFunction {
  const histograms = samples.histograms ?? [];
  return ({ from, to }) => {
    const first = histograms[from];
    if (!first) return undefined;
    const total = kind === "sum" ? new HistogramSum(first) : new HistogramMean(first);
    const hints = new Set([first.hint]);
    for (let i = from + 1; i < to; i++) {
      const histogram = histograms[i];
      if (!histogram) continue;
      hints.add(histogram.hint);
      if (!addTold(total, histogram, notes)) return undefined;
    }
    if (hints.has("reset") && hints.has("not_reset")) notes.warn(conflictingResets("aggregation"));
    return total.total;
  };
}

/** False, and told, where the histogram does not go with those before it. */
export function addTold(total: HistogramSum | HistogramMean, histogram: Histogram, notes: Notes): boolean {
  const added = total.add(histogram);
  if (!added) notes.warn(mixedSchemas(notes.metric));
  if (added?.reconciled) notes.inform(reconciled("aggregation"));
  return added !== undefined;
}
