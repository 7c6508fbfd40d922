import { type Binary, type BinaryOperator, isComparison, isSetOperator } from "../ast.ts";
import { executionError } from "../errors.ts";
import { type Column, emptyColumn, type Grid } from "./columns.ts";
import { evaluateScalar, evaluateVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { matchVectors } from "./matching.ts";
import { evaluateSets } from "./sets.ts";
import { typeOf } from "./types.ts";

type Operation = (left: number, right: number) => number;

const operations: Record<Exclude<BinaryOperator, "and" | "or" | "unless">, Operation> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  // Where the base is 1 or the exponent makes it so, IEEE says 1; JavaScript says NaN for 1 ^ NaN and 1 ^ Inf.
  "^": (a, b) => (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) ? 1 : a ** b),
  atan2: Math.atan2,
  "==": (a, b) => (a === b ? 1 : 0),
  "!=": (a, b) => (a !== b ? 1 : 0),
  ">": (a, b) => (a > b ? 1 : 0),
  "<": (a, b) => (a < b ? 1 : 0),
  ">=": (a, b) => (a >= b ? 1 : 0),
  "<=": (a, b) => (a <= b ? 1 : 0),
};

/** Comparisons answer 1 or 0. */
export function scalarOperation(operator: BinaryOperator): Operation {
  if (isSetOperator(operator)) throw executionError(`set operator "${operator}" not allowed between scalars`);
  return operations[operator];
}

export async function evaluateBinary(e: Evaluation, expr: Binary, grid: Grid): Promise<Column[]> {
  const left = typeOf(expr.left);
  const right = typeOf(expr.right);
  if (left === "vector" && right === "vector") {
    const sides = {
      left: await evaluateVector(e, expr.left, grid),
      right: await evaluateVector(e, expr.right, grid),
    };
    if (isSetOperator(expr.operator)) return evaluateSets(expr.operator, sides, expr.matching);
    return matchVectors(expr, sides, { grid, operation: scalarOperation(expr.operator) });
  }
  if (left === "vector") {
    const scalar = await evaluateScalar(e, expr.right, grid);
    return withScalar(expr, await evaluateVector(e, expr.left, grid), { grid, scalar, scalarLeft: false });
  }
  const scalar = await evaluateScalar(e, expr.left, grid);
  return withScalar(expr, await evaluateVector(e, expr.right, grid), { grid, scalar, scalarLeft: true });
}

function withScalar(
  expr: Binary,
  columns: Column[],
  how: { grid: Grid; scalar: Float64Array; scalarLeft: boolean },
): Column[] {
  const operation = scalarOperation(expr.operator);
  const filters = isComparison(expr.operator) && !expr.bool;
  return columns.map((column) => {
    const result = emptyColumn(how.grid, column.labels, column.dropName || !filters);
    for (let i = 0; i < result.values.length; i++) {
      if (!column.present[i]) continue;
      const value = column.values[i] ?? 0;
      const scalar = how.scalar[i] ?? 0;
      const answer = how.scalarLeft ? operation(scalar, value) : operation(value, scalar);
      if (filters && answer === 0) continue;
      // A filter keeps the vector's own value, whichever side it stands on.
      result.values[i] = filters ? value : answer;
      result.present[i] = 1;
    }
    return result;
  });
}
