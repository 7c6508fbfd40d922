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
      order = best(operator, columns, { i, limit: Math.max(0, Math.trunc(how.limits[i] ?? 0)) });
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

/** Past this many, sorting all costs less than putting each in its place. */
const fewEnough = 64;

/** Indexes of the columns that stay at step i, the best first; of equals the first ones. */
function best(
  operator: AggregateOperator,
  columns: readonly Column[],
  { i, limit }: { i: number; limit: number },
): number[] {
  const valueAt = (index: number) => columns[index]?.values[i] ?? 0;
  const compare = (a: number, b: number) => rank(operator, valueAt(a), valueAt(b));
  const order: number[] = [];
  if (limit === 0) return order;
  const keepAll = operator === "limitk" || limit > fewEnough;
  for (let index = 0; index < columns.length; index++) {
    if (!columns[index]?.present[i]) continue;
    if (keepAll) order.push(index);
    else if (order.length < limit || compare(index, order[limit - 1] ?? 0) < 0) {
      let place = Math.min(order.length, limit - 1);
      while (place > 0 && compare(index, order[place - 1] ?? 0) < 0) {
        order[place] = order[place - 1] ?? 0;
        place--;
      }
      order[place] = index;
    }
  }
  if (!keepAll) return order;
  if (operator !== "limitk") order.sort(compare);
  return order.slice(0, limit);
}

function rank(operator: AggregateOperator, a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return operator === "topk" ? b - a || 0 : a - b || 0;
}
