import type { DurationExpr } from "../ast.ts";

/** Seconds, with the step and range of the query at hand (both in seconds). */
export function durationSeconds(expr: DurationExpr, query: { step: number; range: number }): number {
  switch (expr.kind) {
    case "seconds":
      return expr.value;
    case "step":
      return query.step;
    case "range":
      return query.range;
    case "negate":
      return -durationSeconds(expr.of, query);
    case "least":
      return Math.min(durationSeconds(expr.left, query), durationSeconds(expr.right, query));
    case "greatest":
      return Math.max(durationSeconds(expr.left, query), durationSeconds(expr.right, query));
    case "binary":
      return calculate(expr.operator, durationSeconds(expr.left, query), durationSeconds(expr.right, query));
  }
}

function calculate(
  operator: Extract<DurationExpr, { kind: "binary" }>["operator"],
  left: number,
  right: number,
) {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return left ** right;
  }
}

/** True where the value does not depend on the query's step or range. */
export function isConstant(expr: DurationExpr): boolean {
  switch (expr.kind) {
    case "seconds":
      return true;
    case "step":
    case "range":
      return false;
    case "negate":
      return isConstant(expr.of);
    case "least":
    case "greatest":
    case "binary":
      return isConstant(expr.left) && isConstant(expr.right);
  }
}
