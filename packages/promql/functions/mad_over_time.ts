import { defineOverTime } from "./define.ts";
import { quantileOfSorted, sortNaNFirst } from "./sums.ts";

/** Median absolute deviation. */
export default defineOverTime("mad_over_time", ({ values }) => ({ from, to }) => {
  if (values.subarray(from, to).some(Number.isNaN)) return Number.NaN;
  const window = sortNaNFirst(values.slice(from, to));
  const median = quantileOfSorted(0.5, window);
  return quantileOfSorted(0.5, sortNaNFirst(window.map((value) => Math.abs(value - median))));
});
