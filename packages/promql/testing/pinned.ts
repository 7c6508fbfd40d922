import type { Expr, VectorSelector } from "../ast.ts";

/** Functions whose result depends on the moment that is evaluated even where all that they read is held by `@`. */
const unsafe = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "end",
  "hour",
  "minute",
  "month",
  "year",
  "predict_linear",
  "range",
  "start",
  "step",
  "time",
  "timestamp",
]);

/** The expression with every selector held at that second: it must say the same at any moment. Undefined where it need not. */
export function pinned(expr: Expr, at: number): Expr | undefined {
  return isSafe(expr) ? pin(expr, at) : undefined;
}

function isSafe(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
    case "matrix":
      return true;
    // What it holds is evaluated at moments of its own.
    case "subquery":
    case "unary":
    case "parenthesis":
      return isSafe(expr.inner);
    case "call":
      return !unsafe.has(expr.name) && expr.arguments.every(isSafe);
    case "aggregate":
      return isSafe(expr.inner) && (!expr.parameter || isSafe(expr.parameter));
    case "binary":
      return isSafe(expr.left) && isSafe(expr.right);
  }
}

function pin(expr: Expr, at: number): Expr {
  const selector = (node: VectorSelector): VectorSelector => ({ ...node, at: node.at ?? at });
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "selector":
      return selector(expr);
    case "matrix":
      return { ...expr, selector: selector(expr.selector) };
    case "subquery":
      return { ...expr, at: expr.at ?? at };
    case "unary":
    case "parenthesis":
      return { ...expr, inner: pin(expr.inner, at) };
    case "call":
      return { ...expr, arguments: expr.arguments.map((argument) => pin(argument, at)) };
    case "aggregate":
      return {
        ...expr,
        inner: pin(expr.inner, at),
        ...(expr.parameter && { parameter: pin(expr.parameter, at) }),
      };
    case "binary":
      return { ...expr, left: pin(expr.left, at), right: pin(expr.right, at) };
  }
}
