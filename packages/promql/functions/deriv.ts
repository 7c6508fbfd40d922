import { defineOverTime } from "./define.ts";
import { linearRegression } from "./sums.ts";

export default defineOverTime("deriv", (samples) => ({ from, to }) => {
  if (to - from < 2) return undefined;
  // Measured from the first sample: large Unix times would cost precision.
  return linearRegression(samples, { from, to, originMs: samples.timestamps[from] ?? 0 }).slope;
});
