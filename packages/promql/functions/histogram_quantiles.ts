import { executionError } from "../errors.ts";
import { type Column, emptyColumn, mergeColumns, setValue } from "../evaluate/columns.ts";
import { formatValue } from "../format.ts";
import { type HistogramSeries, histogramsOf } from "./classic.ts";
import { defineFunction } from "./define.ts";
import { checkQuantiles, quantileOf, Repairs } from "./quantile_of.ts";

/** `histogram_quantiles(v, label, q…)`: several quantiles at once, each told by a label. */
export default defineFunction({
  kind: "vector",
  name: "histogram_quantiles",
  parameters: ["vector", "string", "scalar", "scalar"],
  optional: 1,
  repeats: true,
  returns: "vector",
  async evaluate(call) {
    const label = call.text(1);
    const repairs = new Repairs();
    const all: Float64Array[] = [];
    for (let index = 2; index < call.arguments.length; index++) {
      const quantiles = await call.scalar(index);
      checkQuantiles(call, quantiles, index);
      all.push(quantiles);
    }
    const found = await histogramsOf(call, 0);
    const columnsOf = (quantiles: Float64Array, series: HistogramSeries): Column[] => {
      const byQuantile = new Map<string, Column>();
      for (let i = 0; i < call.grid.count; i++) {
        const q = quantiles[i] ?? Number.NaN;
        const value = quantileOf(q, { series, i }, { call, index: 0, repairs });
        if (value === undefined) continue;
        const text = formatQuantile(q);
        const column =
          byQuantile.get(text) ?? emptyColumn(call.grid, { ...series.labels, [label]: text }, true);
        byQuantile.set(text, column);
        setValue(column, i, value);
      }
      return [...byQuantile.values()];
    };
    const columns = all.flatMap((quantiles) => found.flatMap((series) => columnsOf(quantiles, series)));
    return mergeColumns(columns, () =>
      executionError("vector cannot contain metrics with the same labelset"),
    );
  },
});

/** As OpenMetrics writes numbers: `1.0`, `0.5`, `+Inf`. */
function formatQuantile(q: number): string {
  const text = formatValue(q);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
