import { defineOverTime } from "./define.ts";
import { OrderedWindow } from "./ordered.ts";
import { quantileOfSorted } from "./sums.ts";

/** Median absolute deviation. */
export default defineOverTime("mad_over_time", ({ values }) => {
  const ordered = new OrderedWindow(values);
  return (window) => {
    ordered.moveTo(window);
    if (ordered.hasNaN) return Number.NaN;
    const median = quantileOfSorted(0.5, ordered);
    const deviations = values.slice(window.from, window.to).map((value) => Math.abs(value - median));
    return quantileOfSorted(0.5, deviations.sort());
  };
});
