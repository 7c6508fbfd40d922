import type { AggregateOperator } from "../ast.ts";
import type { Group } from "./aggregate.ts";
import { type Column, type Grid, hasAny } from "./columns.ts";

/** `topk`, `bottomk`, `limitk`: the series that stay, with their own labels. */
export function selectRanked(
  operator: AggregateOperator,
  groups: Group[],
  how: { grid: Grid; limits: Float64Array; ordered: boolean },
): Column[] {
  const results: Column[] = [];
  for (const { columns } of groups) {
    const chosen = columns.map((column) => ({ ...column, present: new Uint8Array(how.grid.count) }));
    let order: number[] = [];
    for (let i = 0; i < how.grid.count; i++) {
      const candidates = [...columns.keys()].filter((index) => columns[index]?.present[i]);
      const valueAt = (index: number) => columns[index]?.values[i] ?? 0;
      if (operator !== "limitk") candidates.sort((a, b) => rank(operator, valueAt(a), valueAt(b)));
      order = candidates.slice(0, Math.max(0, Math.trunc(how.limits[i] ?? 0)));
      for (const index of order) {
        const column = chosen[index];
        if (column) column.present[i] = 1;
      }
    }
    // At a single moment the best comes first; over a range the order is by labels.
    const sorted = how.ordered ? order.flatMap((index) => chosen[index] ?? []) : chosen;
    results.push(...sorted.filter(hasAny));
  }
  return results;
}

function rank(operator: AggregateOperator, a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return operator === "topk" ? b - a || 0 : a - b || 0;
}
