import type { Samples } from "../evaluate/columns.ts";
import { defineOverTime, type WindowFunction } from "./define.ts";
import { histogramTotals } from "./histogram_totals.ts";
import { eitherKind } from "./mixed.ts";
import { exactPrefixSums, Sum } from "./sums.ts";

function open({ values }: Samples): WindowFunction {
  const sums = exactPrefixSums(values);
  if (sums) return ({ from, to }) => (sums[to] ?? 0) - (sums[from] ?? 0);
  return ({ from, to }) => {
    const sum = new Sum();
    for (let i = from; i < to; i++) sum.add(values[i] ?? 0);
    return sum.total;
  };
}

export default defineOverTime("sum_over_time", open, {
  openRich: (samples, context) =>
    eitherKind(samples, context, {
      floats: open,
      histograms: (all) => histogramTotals(all, "sum", context),
    }),
});
