import { executionError } from "../errors.ts";
import { defineFunction } from "./define.ts";

/** Holt's linear method: smoothing factor, then trend factor, both between 0 and 1. */
export default defineFunction({
  kind: "range",
  name: "double_exponential_smoothing",
  parameters: ["matrix", "scalar", "scalar"],
  returns: "vector",
  open:
    ({ values }) =>
    ({ from, to }, [smoothing = 0, trend = 0]) => {
      if (!(smoothing > 0 && smoothing < 1))
        throw executionError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${smoothing}`);
      if (!(trend > 0 && trend < 1))
        throw executionError(`invalid trend factor. Expected: 0 < tf < 1, got: ${trend}`);
      if (to - from < 2) return undefined;
      let level = values[from] ?? 0;
      let slope = (values[from + 1] ?? 0) - level;
      for (let i = from + 1; i < to; i++) {
        const before = level;
        level = smoothing * (values[i] ?? 0) + (1 - smoothing) * (before + slope);
        slope = trend * (level - before) + (1 - trend) * slope;
      }
      return level;
    },
});
