import { executionError } from "../errors.ts";
import { formatFixed } from "../format.ts";
import { quantileOfSorted, sortNaNFirst } from "../functions/sums.ts";
import type { Group } from "./aggregate.ts";
import { type Column, emptyColumn, type Grid, mergeColumns } from "./columns.ts";

export function quantiles(groups: Group[], grid: Grid, quantile: Float64Array): Column[] {
  return groups.map(({ labels, columns }) => {
    const result = emptyColumn(
      grid,
      labels,
      columns.some((column) => column.dropName),
    );
    const held = new Float64Array(columns.length);
    for (let i = 0; i < grid.count; i++) {
      let count = 0;
      for (const column of columns) if (column.present[i]) held[count++] = column.values[i] ?? 0;
      if (count === 0) continue;
      result.values[i] = quantileOfSorted(quantile[i] ?? 0, sortNaNFirst(held.subarray(0, count)));
      result.present[i] = 1;
    }
    return result;
  });
}

/** How many series of each group have which value; the value becomes the label `name`. */
export function countValues(groups: Group[], grid: Grid, name: string): Column[] {
  if (name === "" || name.includes("\ufffd"))
    throw executionError(`invalid label name ${JSON.stringify(name)}`);
  const results: Column[] = [];
  for (const { labels, columns } of groups) {
    const byValue = new Map<string, Column>();
    for (let i = 0; i < grid.count; i++)
      for (const column of columns) {
        if (!column.present[i]) continue;
        const text = formatFixed(column.values[i] ?? 0);
        const counted = byValue.get(text) ?? emptyColumn(grid, { ...labels, [name]: text });
        byValue.set(text, counted);
        counted.values[i] = (counted.values[i] ?? 0) + 1;
        counted.present[i] = 1;
      }
    results.push(...byValue.values());
  }
  return mergeColumns(results, () => executionError("vector cannot contain metrics with the same labelset"));
}
