import type { Labels } from "@havn/model";
import { type Call, type Expr, type Extension, type MatrixSelector, type Subquery, unwrap } from "../ast.ts";
import { executionError } from "../errors.ts";
import type { CallContext, FunctionDefinition } from "../functions/define.ts";
import { findFunction, rangeFunctionsOn } from "../functions/index.ts";
import { possibleNonCounter } from "../notes.ts";
import { type Column, collected, columnMaker, emptyColumn, type Grid, type Samples } from "./columns.ts";
import { evaluateScalar, evaluateVector, streamVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";
import { rowFunctions } from "./rows/functions.ts";
import { sharedWindows } from "./rows/windows.ts";
import {
  bucketColumnsOf,
  isPlain,
  type RangeSeries,
  type RangeVector,
  rangeBuckets,
  selectInstant,
  selectRange,
} from "./select.ts";
import { floatsOnly, slide, slideRich } from "./windows.ts";

type RangeDefinition = Extract<FunctionDefinition, { kind: "range" }>;
type PointwiseDefinition = Extract<FunctionDefinition, { kind: "pointwise" }>;

/** Functions that work on one series at a time. */
export async function* streamCall(
  e: Evaluation,
  call: Call,
  grid: Grid,
  reuse: boolean,
): AsyncGenerator<Iterable<Column>> {
  const definition = findFunction(call.name);
  if (definition?.kind === "range") yield* streamRange(e, { call, definition, grid, reuse });
  else if (definition?.kind === "pointwise") yield* streamPointwise(e, { call, definition, grid });
  else throw executionError(`unknown function with name "${call.name}"`);
}

async function* streamRange(
  e: Evaluation,
  { call, definition, grid, reuse }: { call: Call; definition: RangeDefinition; grid: Grid; reuse: boolean },
): AsyncGenerator<Iterable<Column>> {
  const index = definition.parameters.indexOf("matrix");
  const argument = call.arguments[index];
  if (!argument) return;
  const scalars = await evaluateScalars(e, call, grid);
  if (definition.quantile !== undefined)
    warnAboutQuantiles(e, call.arguments[definition.quantile], scalars[0]);
  const named = new Set<string>();
  const columnFor = columnMaker(grid, reuse);
  const inform = (column: Column) => {
    if (definition.counter && hasFloats(column))
      informAboutName(e, argument, { name: column.labels.__name__ ?? "", named });
  };
  const ranged = rangeArgument(argument);
  const buckets = await rangeBuckets(e, { name: call.name, node: ranged, grid });
  if (buckets && ranged.kind === "matrix") {
    const node = ranged.selector;
    const open = (labels: Labels) => columnFor(labels, !definition.keepsName);
    for await (const column of bucketColumnsOf(e, buckets, { node, grid, columnFor: open })) {
      inform(column);
      yield [column];
    }
    return;
  }
  const vector = selectRange(e, ranged, grid);
  checkExtension(vector.extended, call.name);
  const fill = rangeFiller(e, { call, definition, grid, vector, scalars });
  function* columnsOf(batch: Iterable<RangeSeries>): Generator<Column> {
    for (const { labels, samples, dropName } of batch) {
      const column = columnFor(labels, dropName || !definition.keepsName);
      e.spend(grid.count);
      if (!reuse) e.hold(grid.count);
      if (!fill(samples, column)) continue;
      inform(column);
      yield column;
    }
  }
  for await (const batch of vector.series) yield columnsOf(batch);
}

interface RangeCall {
  call: Call;
  definition: RangeDefinition;
  grid: Grid;
  vector: RangeVector;
  scalars: Float64Array[];
}

/** Fills a column with what the function says of a series, the shortest way; false where nothing came of it. */
function rangeFiller(
  e: Evaluation,
  { call, definition, grid, vector, scalars }: RangeCall,
): (samples: Samples, column: Column) => boolean {
  const rowFunction = vector.extended ? undefined : rowFunctions[call.name];
  const windowsOf = sharedWindows({ ...vector.reference, count: grid.count, rangeMs: vector.rangeMs });
  const trace = e.options.trace?.counts(grid) ? e.options.trace : undefined;
  return (samples, column) => {
    if (trace) {
      const { from, to } = windowsOf(samples.timestamps);
      trace.look((i) => (to[i] ?? 0) - (from[i] ?? 0));
    }
    const starts = definition.usesStarts && samples.startTimestamps;
    if (rowFunction && !starts && isPlain(samples))
      return rowFunction(samples.values, windowsOf(samples.timestamps), column);
    const how = { vector, samples, column, scalars, grid };
    if (!samples.histograms && !starts && !vector.extended) return slide(how, definition.open(samples));
    const context = {
      ...e.notes(call.arguments[0] ?? call, column.labels.__name__),
      ...(vector.extended && { extended: vector.extended }),
    };
    const rich = definition.openRich?.(samples, context) ?? floatsOnly(samples, definition.open, context);
    return slideRich(how, rich);
  };
}

function checkExtension(extended: Extension | undefined, name: string): void {
  const takes = extended && rangeFunctionsOn(extended);
  if (takes && !takes.includes(name))
    throw executionError(
      `${extended} modifier can only be used with: ${takes.join(", ")} - not with ${name}`,
    );
}

const hasFloats = ({ present, histograms }: Column): boolean =>
  !histograms || present.some((there, i) => there === 1 && !histograms[i]);

async function* streamPointwise(
  e: Evaluation,
  { call, definition, grid }: { call: Call; definition: PointwiseDefinition; grid: Grid },
): AsyncGenerator<Iterable<Column>> {
  const argument = call.arguments[definition.parameters.indexOf("vector")];
  if (!argument) return;
  const scalars = await evaluateScalars(e, call, grid);
  function* applied(batch: Iterable<Column>): Generator<Column> {
    for (const column of batch) yield pointwise(definition, { column, grid, scalars });
  }
  for await (const batch of streamVector(e, argument, grid, { reuse: true })) yield applied(batch);
}

function pointwise(
  definition: PointwiseDefinition,
  { column, grid, scalars }: { column: Column; grid: Grid; scalars: readonly Float64Array[] },
): Column {
  const given = new Array<number>(scalars.length);
  const result = emptyColumn(grid, column.labels, true);
  for (let i = 0; i < grid.count; i++) {
    if (!column.present[i]) continue;
    for (let s = 0; s < given.length; s++) given[s] = scalars[s]?.[i] ?? 0;
    const histogram = column.histograms?.[i];
    const value = histogram
      ? definition.applyHistogram?.(histogram)
      : definition.apply?.(column.values[i] ?? 0, given);
    if (value === undefined) continue;
    result.values[i] = value;
    result.present[i] = 1;
  }
  return result;
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
  e.inform(possibleNonCounter(name), at);
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
      checkExtension(vector.extended, call.name);
      const columns: Column[] = [];
      for await (const batch of vector.series)
        for (const { labels, samples } of batch) {
          const column = emptyColumn(grid, labels, true);
          if (slide({ vector, samples, column, scalars: [], grid }, open(samples))) columns.push(column);
        }
      return columns;
    },
    sampleTimes: (index, what = "timestamps") => {
      const inner = unwrap(argument(index));
      return inner.kind === "selector" ? collected(selectInstant(e, inner, grid, { what })) : undefined;
    },
    select: (matchers, modifiers) => {
      const node = { kind: "selector" as const, matchers: [...matchers], from: call.from, to: call.to };
      return collected(selectInstant(e, { ...node, ...modifiers }, grid, { what: "timestamps" }));
    },
    scope: call.scope ?? [],
    warn: (message, index) => e.warn(message, index === undefined ? call : argument(index)),
    inform: (message, index, more) => e.inform(message, argument(index), more),
  };
}
