import type { Expr } from "./ast.ts";

/** The expression with each part replaced by what `change` makes of it, inner parts first. */
export function mapExpr(expr: Expr, change: (expr: Expr) => Expr): Expr {
  const map = (inner: Expr) => mapExpr(inner, change);
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
    case "matrix":
      return change(expr);
    case "subquery":
    case "unary":
    case "parenthesis":
      return change({ ...expr, inner: map(expr.inner) });
    case "call":
      return change({ ...expr, arguments: expr.arguments.map(map) });
    case "aggregate":
      return change({
        ...expr,
        inner: map(expr.inner),
        ...(expr.parameter && { parameter: map(expr.parameter) }),
      });
    case "binary":
      return change({ ...expr, left: map(expr.left), right: map(expr.right) });
  }
}
