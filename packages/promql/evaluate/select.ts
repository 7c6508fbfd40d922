import type { DurationExpr, MatrixSelector, Modifiers, Subquery, VectorSelector } from "../ast.ts";
import { executionError } from "../errors.ts";
import { durationSeconds } from "../parser/durations.ts";
import type { Series } from "../querier.ts";
import {
  type Column,
  emptyColumn,
  type Grid,
  isStaleMarker,
  type Samples,
  withoutStaleMarkers,
} from "./columns.ts";
import { evaluateVector } from "./evaluate.ts";
import type { Evaluation } from "./evaluation.ts";

/** Where a selector looks at step i: `base + i * stride`. An `@` holds it still. */
interface Reference {
  base: number;
  stride: number;
}

interface RangeSeries {
  labels: Series["labels"];
  dropName: boolean;
  samples: Samples;
}

/** A range vector over a grid: windows are (reference - range, reference]. */
export interface RangeVector {
  reference: Reference;
  rangeMs: number;
  series: AsyncIterable<RangeSeries>;
}

function durationMs(e: Evaluation, expr: DurationExpr): number {
  const { startMs, endMs, stepMs } = e.options;
  const seconds = durationSeconds(expr, { step: stepMs / 1000, range: (endMs - startMs) / 1000 });
  return Math.round(seconds * 1000);
}

function positiveDurationMs(e: Evaluation, expr: DurationExpr): number {
  const milliseconds = durationMs(e, expr);
  if (!(milliseconds > 0)) throw executionError("duration must be greater than 0");
  return milliseconds;
}

function referenceOf(e: Evaluation, node: Modifiers, grid: Grid): Reference {
  const offset = node.offset ? durationMs(e, node.offset) : 0;
  if (node.at === undefined) return { base: grid.start - offset, stride: grid.step };
  const { startMs, endMs } = e.options;
  const at = node.at === "start" ? startMs : node.at === "end" ? endMs : Math.round(node.at * 1000);
  return { base: at - offset, stride: 0 };
}

const lastReference = (reference: Reference, grid: Grid) =>
  reference.base + reference.stride * (grid.count - 1);

async function* read(
  e: Evaluation,
  node: VectorSelector,
  range: { start: number; end: number },
): AsyncGenerator<Series> {
  const { querier, signal } = e.options;
  for await (const series of querier.select(node.matchers, range, signal)) {
    e.spend(series.values.length);
    await e.breathe();
    yield series;
  }
  e.throwIfAborted();
}

/** `what: "timestamps"` gives the time of each sample in seconds in place of its value. */
export async function* selectInstant(
  e: Evaluation,
  node: VectorSelector,
  grid: Grid,
  what: "values" | "timestamps" = "values",
): AsyncGenerator<Column> {
  const reference = referenceOf(e, node, grid);
  const { lookbackMs } = e.options;
  // The window is open on the left: a sample exactly one lookback ago is too old.
  const range = { start: reference.base - lookbackMs + 1, end: lastReference(reference, grid) };
  for await (const series of read(e, node, range)) {
    e.spend(grid.count);
    const column = emptyColumn(grid, series.labels, what === "timestamps");
    if (fillInstant(series, column, { reference, lookbackMs, what })) yield column;
  }
}

function fillInstant(
  series: Series,
  column: Column,
  how: { reference: Reference; lookbackMs: number; what: "values" | "timestamps" },
): boolean {
  const { timestamps, values } = series;
  const { base, stride } = how.reference;
  let next = 0;
  let any = false;
  for (let i = 0; i < column.values.length; i++) {
    const at = base + i * stride;
    while (next < timestamps.length && (timestamps[next] ?? 0) <= at) next++;
    const last = next - 1;
    if (last < 0) continue;
    const time = timestamps[last] ?? 0;
    if (time <= at - how.lookbackMs || isStaleMarker(values, last)) continue;
    column.values[i] = how.what === "values" ? (values[last] ?? 0) : time / 1000;
    column.present[i] = 1;
    any = true;
  }
  return any;
}

export function selectRange(e: Evaluation, node: MatrixSelector | Subquery, grid: Grid): RangeVector {
  if (node.kind === "subquery") return evaluateSubquery(e, node, grid);
  const { selector } = node;
  const rangeMs = positiveDurationMs(e, node.range);
  const reference = referenceOf(e, selector, grid);
  const range = { start: reference.base - rangeMs + 1, end: lastReference(reference, grid) };
  async function* series(): AsyncGenerator<RangeSeries> {
    for await (const found of read(e, selector, range)) {
      const samples = withoutStaleMarkers(found);
      if (samples.values.length > 0) yield { labels: found.labels, dropName: false, samples };
    }
  }
  return { reference, rangeMs, series: series() };
}

/** The inner expression on a grid of its own, aligned to multiples of its step since the epoch. */
function evaluateSubquery(e: Evaluation, node: Subquery, grid: Grid): RangeVector {
  const rangeMs = positiveDurationMs(e, node.range);
  const step = node.step ? positiveDurationMs(e, node.step) : e.options.defaultStepMs;
  const reference = referenceOf(e, node, grid);
  const start = (Math.floor((reference.base - rangeMs) / step) + 1) * step;
  const count = Math.floor((lastReference(reference, grid) - start) / step) + 1;
  const inner: Grid = { start, step, count };
  async function* series(): AsyncGenerator<RangeSeries> {
    if (count < 1) return;
    e.spend(count);
    for (const column of await evaluateVector(e, node.inner, inner)) {
      const samples = compact(column, inner);
      e.spend(samples.values.length);
      await e.breathe();
      if (samples.values.length > 0) yield { labels: column.labels, dropName: column.dropName, samples };
    }
  }
  return { reference, rangeMs, series: series() };
}

function compact(column: Column, grid: Grid): Samples {
  let count = 0;
  for (const present of column.present) count += present;
  const samples: Samples = { timestamps: new Float64Array(count), values: new Float64Array(count) };
  let next = 0;
  for (let i = 0; i < grid.count; i++) {
    if (!column.present[i]) continue;
    samples.timestamps[next] = grid.start + i * grid.step;
    samples.values[next++] = column.values[i] ?? 0;
  }
  return samples;
}
