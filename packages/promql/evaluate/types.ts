import type { Expr, ValueType } from "../ast.ts";
import { findFunction } from "../functions/index.ts";

/** The type of an expression that was checked when it was parsed. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
    case "aggregate":
      return "vector";
    case "matrix":
    case "subquery":
      return "matrix";
    case "parenthesis":
    case "unary":
      return typeOf(expr.inner);
    case "call":
      return findFunction(expr.name)?.returns ?? "vector";
    case "binary":
      return typeOf(expr.left) === "vector" || typeOf(expr.right) === "vector" ? "vector" : "scalar";
  }
}
