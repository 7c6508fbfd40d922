import {
  type Binary,
  type BinaryOperator,
  isComparison,
  isSetOperator,
  isTrimOperator,
  type SetOperator,
  type TrimOperator,
} from "../ast.ts";
import { executionError } from "../errors.ts";
import type { Notes } from "../notes.ts";
import { type Column, emptyColumn, type Grid, setValue, valueAt } from "./columns.ts";
import { evaluateScalar, evaluateVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { matchVectors } from "./matching.ts";
import { evaluateSets } from "./sets.ts";
import { typeOf } from "./types.ts";
import { type Value, valueOperation } from "./values.ts";

type Operation = (left: number, right: number) => number;

const operations: Record<Exclude<BinaryOperator, SetOperator | TrimOperator>, Operation> = {
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
  if (isSetOperator(operator) || isTrimOperator(operator))
    throw executionError(`operator "${operator}" not allowed for Scalar operations`);
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
    const notes = e.notes(expr);
    const rich = (a: Value, b: Value) => valueOperation(expr.operator, [a, b], notes);
    const operation = isTrimOperator(expr.operator) ? undefined : scalarOperation(expr.operator);
    return matchVectors(expr, sides, { grid, operation, rich });
  }
  if (left === "vector") {
    const scalar = await evaluateScalar(e, expr.right, grid);
    const columns = await evaluateVector(e, expr.left, grid);
    return withScalar(expr, columns, { grid, scalar, scalarLeft: false, notes: e.notes(expr) });
  }
  const scalar = await evaluateScalar(e, expr.left, grid);
  const columns = await evaluateVector(e, expr.right, grid);
  return withScalar(expr, columns, { grid, scalar, scalarLeft: true, notes: e.notes(expr) });
}

interface WithScalar {
  grid: Grid;
  scalar: Float64Array;
  scalarLeft: boolean;
  notes: Notes;
}

function withScalar(expr: Binary, columns: Column[], how: WithScalar): Column[] {
  const filters = isComparison(expr.operator) && !expr.bool;
  // What is cut stays what it was.
  const keepsName = filters || isTrimOperator(expr.operator);
  return columns.map((column) => {
    const result = emptyColumn(how.grid, column.labels, column.dropName || !keepsName);
    if (column.histograms || isTrimOperator(expr.operator))
      return withScalarRich(expr, { column, result }, how);
    const operation = scalarOperation(expr.operator);
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

function withScalarRich(
  expr: Binary,
  { column, result }: { column: Column; result: Column },
  how: WithScalar,
): Column {
  const filters = isComparison(expr.operator) && !expr.bool;
  for (let i = 0; i < result.values.length; i++) {
    const value = valueAt(column, i);
    if (value === undefined) continue;
    const scalar = how.scalar[i] ?? 0;
    const sides: [Value, Value] = how.scalarLeft ? [scalar, value] : [value, scalar];
    const answer = valueOperation(expr.operator, sides, how.notes);
    if (answer === undefined || (filters && answer === 0)) continue;
    setValue(result, i, filters ? value : answer);
  }
  return result;
}
