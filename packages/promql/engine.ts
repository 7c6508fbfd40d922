import type { Labels } from "@havn/model";
import { type Expr, unwrap } from "./ast.ts";
import { executionError, PromqlError } from "./errors.ts";
import {
  type Column,
  finishColumns,
  type Grid,
  type Samples,
  sortedByLabels,
  withoutMetadata,
} from "./evaluate/columns.ts";
import { evaluateScalar, evaluateVector } from "./evaluate/evaluate.ts";
import { Evaluation, type TierUse } from "./evaluate/evaluation.ts";
import { selectRange } from "./evaluate/select.ts";
import { statsSelectors } from "./evaluate/stats.ts";
import { typeOf } from "./evaluate/types.ts";
import { floatsAmong } from "./evaluate/windows.ts";
import { atEdges } from "./functions/extended.ts";
import type { Histogram } from "./histogram/histogram.ts";
import { type Dialect, parseDialect } from "./parser/dialect.ts";
import type { Querier } from "./querier.ts";
import type { QueryTrace } from "./trace.ts";

export interface InstantSample {
  labels: Labels;
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** NaN where it is a histogram. */
  value: number;
  histogram?: Histogram;
}
export interface RangeSamples {
  labels: Labels;
  /** Of the numbers. */
  timestamps: Float64Array;
  values: Float64Array;
  /** Native histograms, at times at which there is no number. */
  histograms?: { timestamp: number; histogram: Histogram }[];
}
interface Notes {
  /** As Prometheus words them, with the position in the query. */
  warnings: string[];
  infos: string[];
  /** What it stands on, "raw" being samples; left out where it stands on none, or the store keeps nothing else. */
  tiers?: TierUse[];
}
export type VectorResult = { type: "vector"; vector: InstantSample[] };
export type MatrixResult = { type: "matrix"; matrix: RangeSamples[] };
export type InstantResult = Notes &
  (
    | VectorResult
    | MatrixResult
    | { type: "scalar"; timestamp: number; value: number }
    | { type: "string"; timestamp: number; value: string }
  );
export type RangeResult = Notes & MatrixResult;

export interface QueryOptions {
  /** How old a sample may be to count at a moment; five minutes unless told. */
  lookbackMs?: number;
  signal?: AbortSignal;
  /** PromQL unless told; what the other one changes stands in `parser/metricsql/parse.ts`. */
  dialect?: Dialect;
  /** What an expression that is given as a tree was written as: positions in messages count in it. */
  text?: string;
  /** Is told what the query takes. */
  trace?: QueryTrace;
}

export interface PromqlEngineOptions {
  querier: Querier;
  lookbackMs?: number;
  /** Samples that one query may read and make. */
  maxSamples?: number;
  /** Memory that one query may hold: what it keeps of series that are not aggregated as they come. 1 GiB unless told. */
  maxBytes?: number;
  /** Step of subqueries that name none. */
  defaultStepMs?: number;
}

export interface PromqlEngine {
  /** An expression, or its text, at one moment. Throws a PromqlError. */
  instant(expr: string | Expr, timeMs: number, options?: QueryOptions): Promise<InstantResult>;
  /** At `startMs`, `startMs + stepMs`, … up to and with `endMs`; at most 11,000 moments. Throws a PromqlError. */
  range(
    expr: string | Expr,
    window: { startMs: number; endMs: number; stepMs: number },
    options?: QueryOptions,
  ): Promise<RangeResult>;
}

const maxSteps = 11_000;

/** Semantics of Prometheus 3, with names removed at the end ("delayed name removal"). Pure: all it does is call the querier. */
export function createPromqlEngine(engine: PromqlEngineOptions): PromqlEngine {
  const open = (
    query: { parsed: Expr; text: string },
    window: { startMs: number; endMs: number; stepMs: number },
    options: QueryOptions,
  ) =>
    new Evaluation({
      text: query.text,
      statsSelectors: statsSelectors(query.parsed),
      querier: engine.querier,
      ...window,
      lookbackMs: options.lookbackMs ?? engine.lookbackMs ?? 300_000,
      defaultStepMs: engine.defaultStepMs ?? 60_000,
      maxSamples: engine.maxSamples ?? 50_000_000,
      maxBytes: engine.maxBytes ?? 1024 ** 3,
      signal: options.signal ?? new AbortController().signal,
      trace: options.trace,
    });
  return {
    async instant(expr, timeMs, options = {}) {
      const { parsed, text } = parse(expr, options);
      const e = open({ parsed, text }, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, options);
      options.trace?.begins({ parsed, text }, { start: timeMs, step: 0, count: 1 });
      return guarded(e, async () => ({ ...(await evaluateInstant(e, parsed, timeMs)), ...notesOf(e) }));
    },
    async range(expr, window, options = {}) {
      const { parsed, text } = parse(expr, options);
      const grid = gridOf(window);
      const e = open({ parsed, text }, window, options);
      options.trace?.begins({ parsed, text }, grid);
      return guarded(e, async () => ({ ...(await evaluateRange(e, parsed, grid)), ...notesOf(e) }));
    },
  };
}

const parse = (expr: string | Expr, { text = "", dialect = "promql" }: QueryOptions) =>
  typeof expr === "string" ? parseDialect(expr, dialect) : { parsed: expr, text };

const notesOf = ({ warnings, infos, tiers }: Evaluation): Notes => ({
  warnings,
  infos,
  ...(tiers.length > 0 && { tiers }),
});

/** A store that stops because the query was given up says so in its own words: here it is told in ours. */
async function guarded<T>(e: Evaluation, work: () => Promise<T>): Promise<T> {
  try {
    e.throwIfAborted();
    const result = await work();
    e.options.trace?.ends(e.spent);
    return result;
  } catch (cause) {
    if (!(cause instanceof PromqlError)) e.throwIfAborted();
    throw cause;
  }
}

function gridOf({ startMs, endMs, stepMs }: { startMs: number; endMs: number; stepMs: number }): Grid {
  if (!(stepMs > 0))
    throw new PromqlError(
      "bad_data",
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if (endMs < startMs)
    throw new PromqlError("bad_data", 'invalid parameter "end": end timestamp must not be before start time');
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  if (count > maxSteps)
    throw new PromqlError(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  return { start: startMs, step: stepMs, count };
}

async function evaluateInstant(
  e: Evaluation,
  expr: Expr,
  timestamp: number,
): Promise<
  | VectorResult
  | MatrixResult
  | { type: "scalar"; timestamp: number; value: number }
  | { type: "string"; timestamp: number; value: string }
> {
  const grid: Grid = { start: timestamp, step: 0, count: 1 };
  const inner = unwrap(expr);
  switch (typeOf(expr)) {
    case "string":
      return { type: "string", timestamp, value: inner.kind === "string" ? inner.value : "" };
    case "scalar":
      return { type: "scalar", timestamp, value: (await evaluateScalar(e, expr, grid))[0] ?? Number.NaN };
    case "vector": {
      const found = finishColumns(await evaluateVector(e, expr, grid));
      const columns = hasOrder(inner) ? found : sortedByLabels(found);
      return {
        type: "vector",
        vector: columns.map(({ labels, values, histograms: [histogram] = [] }) => ({
          labels,
          timestamp,
          value: histogram ? Number.NaN : (values[0] ?? Number.NaN),
          ...(histogram && { histogram }),
        })),
      };
    }
    case "matrix":
      if (inner.kind !== "matrix" && inner.kind !== "subquery") throw executionError("not a range vector");
      return { type: "matrix", matrix: await windowOf(e, inner, grid) };
  }
}

/** Whether the order of its result says something; any other is shown by labels. */
const hasOrder = (expr: Expr) =>
  (expr.kind === "call" && expr.name.startsWith("sort")) ||
  (expr.kind === "aggregate" && (expr.operator === "topk" || expr.operator === "bottomk"));

/** The samples themselves of a range selector that is the whole query. */
async function windowOf(
  e: Evaluation,
  node: Parameters<typeof selectRange>[1],
  grid: Grid,
): Promise<RangeSamples[]> {
  const vector = selectRange(e, node, grid);
  const matrix: RangeSamples[] = [];
  for await (const batch of vector.series)
    for (const { labels, samples, dropName } of batch) {
      if (vector.extended && samples.histograms)
        throw executionError(`${vector.extended} modifier is not supported with histograms`);
      const { extended, reference, rangeMs } = vector;
      const edges = { start: reference.base - rangeMs, end: reference.base };
      const within =
        extended && extended !== "since-before" ? atEdges(samples, { ...edges, extended }) : samples;
      if (!within) continue;
      e.hold(within.values.length);
      e.options.trace?.look(() => within.values.length);
      matrix.push({ labels: dropName ? withoutMetadata(labels) : labels, ...byKind(within) });
    }
  return sortedByLabels(matrix);
}

async function evaluateRange(e: Evaluation, expr: Expr, grid: Grid): Promise<MatrixResult> {
  const type = typeOf(expr);
  if (type !== "scalar" && type !== "vector")
    throw new PromqlError(
      "bad_data",
      `invalid expression type "${type === "matrix" ? "range vector" : type}" for range query, must be Scalar or instant Vector`,
    );
  if (type === "scalar") {
    const values = await evaluateScalar(e, expr, grid);
    return { type: "matrix", matrix: [{ labels: {}, timestamps: timesOf(grid), values }] };
  }
  const columns = finishColumns(await evaluateVector(e, expr, grid));
  const matrix: RangeSamples[] = [];
  const times = timesOf(grid);
  for (const column of columns) {
    matrix.push(pointsOf(column, times));
    await e.breathe(grid.count);
  }
  return { type: "matrix", matrix: sortedByLabels(matrix) };
}

/** Numbers and histograms apart, as results show them. */
function byKind(samples: Samples): Omit<RangeSamples, "labels"> {
  const { floats } = floatsAmong(samples);
  const histograms: RangeSamples["histograms"] = [];
  for (const [i, histogram] of (samples.histograms ?? []).entries())
    if (histogram) histograms.push({ timestamp: samples.timestamps[i] ?? 0, histogram });
  // Copied: those of the store count only while they are read.
  const [timestamps, values] = [floats.timestamps.slice(), floats.values.slice()];
  return { timestamps, values, ...(histograms.length > 0 && { histograms }) };
}

function timesOf({ start, step, count }: Grid): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = start + i * step;
  return times;
}

/** `times`: those of the grid, shared by all that have a number at each. */
function pointsOf({ labels, values, present, histograms }: Column, times: Float64Array): RangeSamples {
  if (!histograms && !present.includes(0)) return { labels, timestamps: times, values };
  const own: RangeSamples["histograms"] = [];
  const places: number[] = [];
  for (let i = 0; i < times.length; i++) {
    if (!present[i]) continue;
    const histogram = histograms?.[i];
    if (histogram) own.push({ timestamp: times[i] ?? 0, histogram });
    else places.push(i);
  }
  return {
    labels,
    timestamps: Float64Array.from(places, (i) => times[i] ?? 0),
    values: Float64Array.from(places, (i) => values[i] ?? 0),
    ...(own.length > 0 && { histograms: own }),
  };
}
