import { labelsKey } from "@havn/model";
import { formatFixed } from "../format.ts";
import { quantileOfSorted, sortNaNFirst } from "../functions/sums.ts";
import { formatHistogram } from "../histogram/walk.ts";
import type { Group } from "./aggregate.ts";
import { type Column, emptyColumn, type Grid, valueAt } from "./columns.ts";

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

/**
 * How many series of each group have which value; the value becomes the label `name`, instead of one of that name.
 * Without a name (`without` takes it away) all values count together.
 */
export function countValues(groups: Group[], grid: Grid, name: string | undefined): Column[] {
  const counts = new Map<string, Column>();
  for (const { labels, columns } of groups)
    for (let i = 0; i < grid.count; i++)
      for (const column of columns) {
        const value = valueAt(column, i);
        if (value === undefined) continue;
        const text = typeof value === "number" ? formatFixed(value) : formatHistogram(value);
        const counted = name === undefined ? labels : { ...labels, [name]: text };
        const key = labelsKey(counted);
        const into = counts.get(key) ?? emptyColumn(grid, counted);
        counts.set(key, into);
        into.values[i] = (into.values[i] ?? 0) + 1;
        into.present[i] = 1;
      }
  return [...counts.values()];
}
