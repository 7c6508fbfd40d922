import { addTold } from "../functions/histogram_totals.ts";
import { HistogramMean } from "../histogram/mean.ts";
import { HistogramSum } from "../histogram/sum.ts";
import { conflictingResets, mixedKindsInAggregation, type Notes } from "../notes.ts";
import type { Accumulator } from "./accumulators.ts";
import { type Column, floatsOf, setValue } from "./columns.ts";

/** A group's histograms at one moment. */
interface Total {
  total: HistogramSum | HistogramMean;
  hints: Set<string>;
  /** Exponential and custom buckets met: there is no total. */
  broken: boolean;
}

/** Sums or means of groups that may hold histograms; numbers go to `open`. Both at one moment give nothing. */
export const totalsOf =
  (kind: "sum" | "avg", open: (count: number) => Accumulator) =>
  (count: number, notes: Notes): Accumulator => {
    const floats = open(count);
    let totals: (Total | undefined)[] | undefined;
    return {
      add(column) {
        floats.add(floatsOf(column));
        const { histograms, present } = column;
        if (!histograms) return;
        totals ??= new Array(count);
        const told = { ...notes, metric: column.labels.__name__ ?? "" };
        for (let i = 0; i < count; i++) {
          const histogram = histograms[i];
          if (!histogram || !present[i]) continue;
          const total = totals[i];
          if (!total) totals[i] = openTotal(kind, histogram);
          else if (!total.broken) {
            total.hints.add(histogram.hint);
            total.broken = !addTold(total.total, histogram, told);
          }
        }
      },
      finish: () => finish(floats.finish(), totals, notes),
    };
  };

function openTotal(
  kind: "sum" | "avg",
  first: NonNullable<NonNullable<Column["histograms"]>[number]>,
): Total {
  const total = kind === "sum" ? new HistogramSum(first) : new HistogramMean(first);
  return { total, hints: new Set([first.hint]), broken: false };
}

function finish(
  floats: ReturnType<Accumulator["finish"]>,
  totals: readonly (Total | undefined)[] | undefined,
  notes: Notes,
): ReturnType<Accumulator["finish"]> {
  if (!totals) return floats;
  const result: Column = { labels: {}, dropName: false, ...floats };
  for (const [i, entry] of totals.entries()) {
    if (!entry) continue;
    if (floats.present[i] && !entry.broken) notes.warn(mixedKindsInAggregation);
    if (floats.present[i] || entry.broken) {
      result.present[i] = 0;
      continue;
    }
    if (entry.hints.has("reset") && entry.hints.has("not_reset"))
      notes.warn(conflictingResets("aggregation"));
    setValue(result, i, entry.total.total);
  }
  const { values, present, histograms } = result;
  return { values, present, ...(histograms && { histograms }) };
}
