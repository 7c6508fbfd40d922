import type { Call, Expr } from "../ast.ts";
import { executionError } from "../errors.ts";
import { findFunction } from "../functions/index.ts";
import { scaled } from "../histogram/arithmetic.ts";
import { streamAggregate } from "./aggregate.ts";
import { evaluateBinary, scalarOperation } from "./binary.ts";
import { evaluateCall, streamCall } from "./calls.ts";
import { type Column, type ColumnStream, collected, type Grid } from "./columns.ts";
import type { Evaluation } from "./evaluation.ts";
import { selectInstant } from "./select.ts";

/** A scalar at every moment of the grid. */
export async function evaluateScalar(e: Evaluation, expr: Expr, grid: Grid): Promise<Float64Array> {
  switch (expr.kind) {
    case "number":
      return new Float64Array(grid.count).fill(expr.value);
    case "parenthesis":
      return evaluateScalar(e, expr.inner, grid);
    case "unary": {
      const values = await evaluateScalar(e, expr.inner, grid);
      return expr.operator === "-" ? values.map((value) => -value) : values;
    }
    case "binary": {
      await newStack();
      const left = await evaluateScalar(e, expr.left, grid);
      const right = await evaluateScalar(e, expr.right, grid);
      const operation = scalarOperation(expr.operator);
      return left.map((value, i) => operation(value, right[i] ?? 0));
    }
    case "call": {
      const definition = findFunction(expr.name);
      if (definition?.kind === "scalar") return definition.evaluate(evaluateCall(e, expr, grid));
    }
  }
  throw executionError(`a scalar cannot come from a ${expr.kind}`);
}

export async function evaluateVector(e: Evaluation, expr: Expr, grid: Grid): Promise<Column[]> {
  return collected(streamVector(e, expr, grid));
}

/**
 * An instant vector over a grid, series by series. Selectors and functions over them give each series as soon as it
 * is read, so that `sum(rate(x[5m]))` never holds them all. `reuse`: a column counts only until the next one is asked for.
 */
export function streamVector(
  e: Evaluation,
  expr: Expr,
  grid: Grid,
  { reuse = false }: { reuse?: boolean } = {},
): ColumnStream {
  const stream = streamOf(e, expr, { grid, reuse });
  return e.options.trace?.counted(expr, stream) ?? stream;
}

function streamOf(e: Evaluation, expr: Expr, { grid, reuse }: { grid: Grid; reuse: boolean }): ColumnStream {
  switch (expr.kind) {
    case "parenthesis":
      return streamVector(e, expr.inner, grid, { reuse });
    case "selector":
      return selectInstant(e, expr, grid, { reuse });
    case "unary":
      return expr.operator === "-"
        ? negate(streamVector(e, expr.inner, grid))
        : streamVector(e, expr.inner, grid);
    case "binary":
      return later(() => evaluateBinary(e, expr, grid));
    case "aggregate":
      return streamAggregate(e, expr, grid);
    case "call":
      return streamCallOrVector(e, expr, grid, reuse);
    case "number":
    case "string":
    case "matrix":
    case "subquery":
      throw executionError(`an instant vector cannot come from a ${expr.kind}`);
  }
}

/** Leaves the stack of the caller: a chain of a thousand operators would fill it. */
const newStack = (): Promise<void> => Promise.resolve();

function streamCallOrVector(e: Evaluation, expr: Call, grid: Grid, reuse: boolean): ColumnStream {
  const definition = findFunction(expr.name);
  if (definition?.kind === "vector") return later(() => definition.evaluate(evaluateCall(e, expr, grid)));
  return streamCall(e, expr, grid, reuse);
}

async function* later(columns: () => Promise<Column[]>): AsyncGenerator<Iterable<Column>> {
  await newStack();
  yield await columns();
}

async function* negate(columns: ColumnStream): AsyncGenerator<Iterable<Column>> {
  for await (const batch of columns) yield Array.from(batch, negated);
}

const negated = (column: Column): Column => ({
  ...column,
  values: column.values.map((value) => -value),
  ...(column.histograms && {
    histograms: column.histograms.map((histogram) => histogram && scaled(histogram, -1)),
  }),
  dropName: true,
});
