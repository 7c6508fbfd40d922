import type { Labels } from "@havn/model";
import { type Expr, unwrap } from "../ast.ts";
import type { Column, Grid } from "../evaluate/columns.ts";

/** One series with value 1 wherever none of `columns` has a value, labelled by what `expr` asks for with `=`. */
export function absence(columns: readonly Column[], grid: Grid, expr: Expr): Column[] {
  const present = new Uint8Array(grid.count).fill(1);
  for (const column of columns)
    for (let i = 0; i < present.length; i++) if (column.present[i]) present[i] = 0;
  return [
    { labels: askedLabels(expr), values: new Float64Array(grid.count).fill(1), present, dropName: false },
  ];
}

function askedLabels(expr: Expr): Labels {
  const inner = unwrap(expr);
  const selector = inner.kind === "matrix" ? inner.selector : inner;
  if (selector.kind !== "selector") return {};
  const asked: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { name, operator, value } of selector.matchers) {
    if (name === "__name__") continue;
    // A label that is asked for twice has no one value.
    if (operator === "=" && !seen.has(name)) asked[name] = value;
    else delete asked[name];
    seen.add(name);
  }
  return asked;
}
