import { labelsKey } from "@havn/model";
import type { Matching, SetOperator } from "../ast.ts";
import { executionError } from "../errors.ts";
import { type Column, hasAny, mergeColumns } from "./columns.ts";
import { matchLabels } from "./matching.ts";

/** `and`, `or`, `unless`: which elements of either side stay, by what the other side has at that moment. */
export function evaluateSets(
  operator: SetOperator,
  { left, right }: { left: Column[]; right: Column[] },
  matching: Matching,
): Column[] {
  const select = matchLabels(matching);
  const keyOf = (column: Column) => labelsKey(select(column.labels));
  const keep = (columns: Column[], others: Column[], wanted: 0 | 1): Column[] => {
    const masks = presenceByKey(others, keyOf);
    return columns
      .map((column) => masked(column, masks.get(keyOf(column)), wanted))
      .filter((column) => hasAny(column));
  };
  switch (operator) {
    case "and":
      return keep(left, right, 1);
    case "unless":
      return keep(left, right, 0);
    case "or":
      return mergeColumns([...left, ...keep(right, left, 0)], () =>
        executionError("vector cannot contain metrics with the same labelset"),
      );
  }
}

function presenceByKey(columns: Column[], keyOf: (column: Column) => string): Map<string, Uint8Array> {
  const masks = new Map<string, Uint8Array>();
  for (const column of columns) {
    const key = keyOf(column);
    const mask = masks.get(key);
    if (!mask) masks.set(key, column.present.slice());
    else for (let i = 0; i < mask.length; i++) if (column.present[i]) mask[i] = 1;
  }
  return masks;
}

function masked(column: Column, mask: Uint8Array | undefined, wanted: 0 | 1): Column {
  if (!mask) return wanted === 0 ? column : { ...column, present: new Uint8Array(column.present.length) };
  return { ...column, present: column.present.map((present, i) => (present && mask[i] === wanted ? 1 : 0)) };
}
