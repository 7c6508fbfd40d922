import type { Samples } from "../evaluate/columns.ts";
import { defineOverTime, type WindowFunction } from "./define.ts";
import { histogramTotals } from "./histogram_totals.ts";
import { eitherKind } from "./mixed.ts";
import { exactPrefixSums, mean } from "./sums.ts";

function open({ values }: Samples): WindowFunction {
  const sums = exactPrefixSums(values);
  if (sums) return ({ from, to }) => ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
  return ({ from, to }) => mean(values, from, to);
}

export default defineOverTime("avg_over_time", open, {
  openRich: (samples, context) =>
    eitherKind(samples, context, {
      floats: open,
      histograms: (all) => histogramTotals(all, "avg", context),
    }),
});
