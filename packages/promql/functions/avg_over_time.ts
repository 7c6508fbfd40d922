import type { Samples } from "../evaluate/columns.ts";
import { defineOverTime, type WindowFunction } from "./define.ts";
import { histogramTotals } from "./histogram_totals.ts";
import { eitherKind } from "./mixed.ts";
import { mean } from "./sums.ts";

const open =
  ({ values }: Samples): WindowFunction =>
  ({ from, to }) =>
    mean(values, from, to);

export default defineOverTime("avg_over_time", open, {
  openRich: (samples, context) =>
    eitherKind(samples, context, {
      floats: open,
      histograms: (all) => histogramTotals(all, "avg", context),
    }),
});
