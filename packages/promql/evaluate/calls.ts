import { type Call, type Expr, type MatrixSelector, type Subquery, unwrap } from "../ast.ts";
import { executionError } from "../errors.ts";
import type { CallContext, FunctionDefinition, Window, WindowFunction } from "../functions/define.ts";
import { findFunction } from "../functions/index.ts";
import { type Column, emptyColumn, type Grid, type Samples } from "./columns.ts";
import { evaluateScalar, evaluateVector, streamVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { type RangeVector, selectInstant, selectRange } from "./select.ts";

type RangeDefinition = Extract<FunctionDefinition, { kind: "range" }>;
type PointwiseDefinition = Extract<FunctionDefinition, { kind: "pointwise" }>;

/** Functions that work on one series at a time. */
export async function* streamCall(e: Evaluation, call: Call, grid: Grid): AsyncGenerator<Column> {
  const definition = findFunction(call.name);
  if (definition?.kind === "range") yield* streamRange(e, { call, definition, grid });
  else if (definition?.kind === "pointwise") yield* streamPointwise(e, { call, definition, grid });
  else throw executionError(`unknown function with name "${call.name}"`);
}

async function* streamRange(
  e: Evaluation,
  { call, definition, grid }: { call: Call; definition: RangeDefinition; grid: Grid },
): AsyncGenerator<Column> {
  const index = definition.parameters.indexOf("matrix");
  const argument = call.arguments[index];
  if (!argument) return;
  const scalars = await evaluateScalars(e, call, grid);
  if (definition.quantile !== undefined)
    warnAboutQuantiles(e, call.arguments[definition.quantile], scalars[0]);
  const vector = selectRange(e, rangeArgument(argument), grid);
  const named = new Set<string>();
  for await (const series of vector.series) {
    const dropName = series.dropName || !definition.keepsName;
    const column = emptyColumn(grid, series.labels, dropName);
    e.spend(grid.count);
    if (!slide({ vector, samples: series.samples, column, scalars, grid }, definition.open(series.samples)))
      continue;
    if (definition.counter) informAboutName(e, argument, { name: series.labels.__name__ ?? "", named });
    yield column;
  }
}

interface Slide {
  vector: RangeVector;
  samples: Samples;
  column: Column;
  scalars: Float64Array[];
  grid: Grid;
}

/** Moves the window over the series; both its ends only go forward. */
function slide({ vector, samples, column, scalars, grid }: Slide, apply: WindowFunction): boolean {
  const { timestamps } = samples;
  const { base, stride } = vector.reference;
  const window: Window = { from: 0, to: 0, start: 0, end: 0, at: 0 };
  const given = new Array<number>(scalars.length);
  let any = false;
  for (let i = 0; i < grid.count; i++) {
    window.end = base + i * stride;
    window.start = window.end - vector.rangeMs;
    window.at = grid.start + i * grid.step;
    while (window.to < timestamps.length && (timestamps[window.to] ?? 0) <= window.end) window.to++;
    while (window.from < window.to && (timestamps[window.from] ?? 0) <= window.start) window.from++;
    if (window.from === window.to) continue;
    for (let s = 0; s < given.length; s++) given[s] = scalars[s]?.[i] ?? 0;
    const value = apply(window, given);
    if (value === undefined) continue;
    column.values[i] = value;
    column.present[i] = 1;
    any = true;
  }
  return any;
}

async function* streamPointwise(
  e: Evaluation,
  { call, definition, grid }: { call: Call; definition: PointwiseDefinition; grid: Grid },
): AsyncGenerator<Column> {
  const argument = call.arguments[definition.parameters.indexOf("vector")];
  if (!argument) return;
  const scalars = await evaluateScalars(e, call, grid);
  const given = new Array<number>(scalars.length);
  for await (const column of streamVector(e, argument, grid)) {
    const result = { ...emptyColumn(grid, column.labels, true), labels: column.labels };
    for (let i = 0; i < grid.count; i++) {
      if (!column.present[i]) continue;
      for (let s = 0; s < given.length; s++) given[s] = scalars[s]?.[i] ?? 0;
      const value = definition.apply(column.values[i] ?? 0, given);
      if (value === undefined) continue;
      result.values[i] = value;
      result.present[i] = 1;
    }
    yield result;
  }
}

async function evaluateScalars(e: Evaluation, call: Call, grid: Grid): Promise<Float64Array[]> {
  const definition = findFunction(call.name);
  const scalars: Float64Array[] = [];
  for (const [index, argument] of call.arguments.entries())
    if (definition?.parameters[index] === "scalar") scalars.push(await evaluateScalar(e, argument, grid));
  return scalars;
}

function rangeArgument(expr: Expr): MatrixSelector | Subquery {
  const inner = unwrap(expr);
  if (inner.kind === "matrix" || inner.kind === "subquery") return inner;
  throw executionError(`a range vector cannot come from a ${inner.kind}`);
}

function warnAboutQuantiles(
  e: Evaluation,
  expr: Expr | undefined,
  quantiles: Float64Array | undefined,
): void {
  for (const q of quantiles ?? []) {
    if (q >= 0 && q <= 1) continue;
    const text = Number.isFinite(q) || Number.isNaN(q) ? String(q) : q > 0 ? "+Inf" : "-Inf";
    if (expr) e.warn(`quantile value should be between 0 and 1, got ${text}`, expr);
  }
}

function informAboutName(e: Evaluation, at: Expr, seen: { name: string; named: Set<string> }): void {
  const { name, named } = seen;
  if (name === "" || named.has(name)) return;
  named.add(name);
  if (/_(total|sum|count|bucket)$/.test(name)) return;
  e.inform(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`,
    at,
  );
}

/** What functions over whole vectors get in hand. */
export function evaluateCall(e: Evaluation, call: Call, grid: Grid): CallContext {
  const argument = (index: number): Expr => {
    const expr = call.arguments[index];
    if (!expr) throw executionError(`argument ${index + 1} of ${call.name} is missing`);
    return expr;
  };
  return {
    grid,
    arguments: call.arguments,
    query: e.options,
    isRange: e.isRange,
    vector: (index) => evaluateVector(e, argument(index), grid),
    scalar: (index) => evaluateScalar(e, argument(index), grid),
    text: (index) => {
      const inner = unwrap(argument(index));
      if (inner.kind !== "string")
        throw executionError(`argument ${index + 1} of ${call.name} must be a string`);
      return inner.value;
    },
    over: async (index, open) => {
      const vector = selectRange(e, rangeArgument(argument(index)), grid);
      const columns: Column[] = [];
      for await (const { labels, samples } of vector.series) {
        const column = emptyColumn(grid, labels, true);
        if (slide({ vector, samples, column, scalars: [], grid }, open(samples))) columns.push(column);
      }
      return columns;
    },
    sampleTimes: (index) => {
      const inner = unwrap(argument(index));
      return inner.kind === "selector" ? collect(selectInstant(e, inner, grid, "timestamps")) : undefined;
    },
    warn: (message, index) => e.warn(message, argument(index)),
    inform: (message, index) => e.inform(message, argument(index)),
  };
}

async function collect(columns: AsyncIterable<Column>): Promise<Column[]> {
  const all: Column[] = [];
  for await (const column of columns) all.push(column);
  return all;
}
