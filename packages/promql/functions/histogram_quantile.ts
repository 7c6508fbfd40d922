import { emptyColumn, setValue } from "../evaluate/columns.ts";
import { histogramsOf } from "./classic.ts";
import { defineFunction } from "./define.ts";
import { checkQuantiles, quantileOf, Repairs } from "./quantile_of.ts";

/** Of classic histograms (series with a label `le`) and native ones. */
export default defineFunction({
  kind: "vector",
  name: "histogram_quantile",
  parameters: ["scalar", "vector"],
  returns: "vector",
  async evaluate(call) {
    const quantiles = await call.scalar(0);
    checkQuantiles(call, quantiles, 0);
    const repairs = new Repairs();
    return (await histogramsOf(call, 1)).map((series) => {
      const result = emptyColumn(call.grid, series.labels, true);
      for (let i = 0; i < call.grid.count; i++) {
        const value = quantileOf(quantiles[i] ?? Number.NaN, { series, i }, { call, index: 1, repairs });
        if (value !== undefined) setValue(result, i, value);
      }
      return result;
    });
  },
});
