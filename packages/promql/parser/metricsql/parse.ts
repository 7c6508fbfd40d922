import { type Expr, unwrap } from "../../ast.ts";
import { PromqlError, parseError } from "../../errors.ts";
import { mapExpr } from "../../map.ts";
import { parsePromql } from "../parse.ts";
import { expandTemplates } from "./templates.ts";

/** Functions that have another meaning in MetricsQL, which this dialect has; all others are PromQL's. */
const changed = new Set(["rate", "increase", "delta"]);

/**
 * What this dialect takes of MetricsQL: `WITH` templates, and rate, increase and delta that use the sample before the
 * window and stretch nothing. `text` is the query with its templates put in: positions in messages count in it.
 */
export function parseMetricsql(written: string): { parsed: Expr; text: string } {
  const text = expandTemplates(written);
  try {
    const parsed = mapExpr(parsePromql(text), (expr) => sinceBefore(expr, text));
    return { parsed, text };
  } catch (cause) {
    if (!(cause instanceof PromqlError) || text === written) throw cause;
    throw new PromqlError(cause.type, `${cause.message} (in ${shortened(text)})`, { cause });
  }
}

const shortened = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

function sinceBefore(expr: Expr, text: string): Expr {
  if (expr.kind !== "call" || !changed.has(expr.name)) return expr;
  const [argument] = expr.arguments;
  const range = argument && unwrap(argument);
  if (range?.kind === "subquery")
    throw parseError(
      text,
      range,
      `${expr.name} of a subquery is not taken in the dialect metricsql: ask it without`,
    );
  if (range?.kind !== "matrix" || range.selector.extended) return expr;
  const selector = { ...range.selector, extended: "since-before" as const };
  return { ...expr, arguments: [{ ...range, selector }] };
}
