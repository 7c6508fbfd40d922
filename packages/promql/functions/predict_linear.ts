import { defineFunction } from "./define.ts";
import { linearRegression } from "./sums.ts";

/** The value that many seconds from now, by least squares over the range. */
export default defineFunction({
  kind: "range",
  name: "predict_linear",
  parameters: ["matrix", "scalar"],
  returns: "vector",
  open:
    (samples) =>
    ({ from, to, at }, [ahead = 0]) => {
      if (to - from < 2) return undefined;
      const { slope, intercept } = linearRegression(samples, { from, to, originMs: at });
      return slope * ahead + intercept;
    },
});
