import { emptyColumn, setValue } from "../evaluate/columns.ts";
import { histogramFraction } from "../histogram/fraction.ts";
import { nanFraction } from "../notes.ts";
import { bucketFraction } from "./buckets.ts";
import { histogramAt, histogramsOf, metricOf } from "./classic.ts";
import { defineFunction } from "./define.ts";

/** `histogram_fraction(lower, upper, v)`: the share of observations between the two. */
export default defineFunction({
  kind: "vector",
  name: "histogram_fraction",
  parameters: ["scalar", "scalar", "vector"],
  returns: "vector",
  async evaluate(call) {
    const lower = await call.scalar(0);
    const upper = await call.scalar(1);
    return (await histogramsOf(call, 2)).map((series) => {
      const result = emptyColumn(call.grid, series.labels, true);
      for (let i = 0; i < call.grid.count; i++) {
        const histogram = histogramAt(series, i, { call, index: 2 });
        if (!histogram) continue;
        const [from = Number.NaN, to = Number.NaN] = [lower[i], upper[i]];
        if (Array.isArray(histogram)) {
          setValue(result, i, bucketFraction(from, to, histogram));
          continue;
        }
        const { value, nan } = histogramFraction(from, to, histogram);
        if (nan) call.inform(nanFraction(metricOf(series.labels)), 2);
        setValue(result, i, value);
      }
      return result;
    });
  },
});
