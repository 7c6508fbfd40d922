import type { DurationExpr, Extension, MatrixSelector, Modifiers, Subquery, VectorSelector } from "../ast.ts";
import { executionError } from "../errors.ts";
import { withHint } from "../histogram/arithmetic.ts";
import type { Histogram } from "../histogram/histogram.ts";
import { durationSeconds } from "../parser/durations.ts";
import type { Series } from "../querier.ts";
import { type BucketsInHand, bucketsOfInstant, bucketsOfRange, remains } from "./buckets.ts";
import {
  type Column,
  columnMaker,
  type Grid,
  isStaleMarker,
  type Samples,
  withoutStaleMarkers,
} from "./columns.ts";
import { evaluateVector } from "./evaluate.ts";
import { type Evaluation, rawTier } from "./evaluation.ts";
import { hasNaN, newest } from "./rows/functions.ts";
import { sharedWindows } from "./rows/windows.ts";
import { fillSmoothed } from "./smooth.ts";
import { statsOf } from "./stats.ts";

/** Where a selector looks at step i: `base + i * stride`. An `@` holds it still. */
interface Reference {
  base: number;
  stride: number;
}

export interface RangeSeries {
  labels: Series["labels"];
  dropName: boolean;
  samples: Samples;
}

/** A range vector over a grid: windows are (reference - range, reference], with what is behind and ahead of them. */
export interface RangeVector {
  reference: Reference;
  rangeMs: number;
  extended?: Extension;
  behindMs: number;
  aheadMs: number;
  /** Many at a time. */
  series: AsyncIterable<Iterable<RangeSeries>>;
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

/** Series one by one, as if a store gave them so: each is a batch. */
async function* oneByOne(all: AsyncIterable<Series>): AsyncGenerator<readonly Series[]> {
  for await (const series of all) yield [series];
}

async function* read(
  e: Evaluation,
  node: VectorSelector,
  range: { start: number; end: number },
): AsyncGenerator<readonly Series[]> {
  const { querier, signal, statsSelectors, trace } = e.options;
  const selected = trace?.selected(node);
  const left = await remains(e, node.matchers, range);
  if (!left) e.tookSamples();
  selected?.tiers.add(left?.name ?? rawTier);
  const batches =
    left?.series ??
    querier.selectBatches?.(node.matchers, range, { signal, ...(selected && { reads: selected.reads }) }) ??
    oneByOne(querier.select(node.matchers, range, signal));
  let asked = trace?.now() ?? 0;
  for await (const batch of batches) {
    if (selected) trace?.read(selected, batch, asked);
    for (const { values, histograms } of batch) e.spend(values.length + histogramSize(histograms));
    if (e.isOutOfBreath) await e.breathe();
    else e.throwIfAborted();
    if (statsSelectors.has(node))
      yield batch.map((series) =>
        series.histograms ? { ...series, histograms: statsOf(series.histograms) } : series,
      );
    else yield batch;
    asked = trace?.now() ?? 0;
  }
  e.throwIfAborted();
}

/** Roughly: a histogram takes the room of as many samples as it has buckets, and some more. */
function histogramSize(histograms: Series["histograms"]): number {
  let size = 0;
  for (const histogram of histograms ?? [])
    if (histogram) size += 10 + histogram.positive.counts.length + histogram.negative.counts.length;
  return size;
}

type What = "values" | "timestamps" | "startTimestamps";

/** `what` other than values: the time of each sample, or since when it counts, in seconds (beside its histogram). */
export async function* selectInstant(
  e: Evaluation,
  node: VectorSelector,
  grid: Grid,
  { what = "values", reuse = false }: { what?: What; reuse?: boolean } = {},
): AsyncGenerator<Iterable<Column>> {
  const reference = referenceOf(e, node, grid);
  const { lookbackMs } = e.options;
  // The window is open on the left: a sample exactly one lookback ago is too old.
  const smoothed = node.extended === "smoothed" && what === "values";
  const range = {
    start: reference.base - lookbackMs + 1,
    end: lastReference(reference, grid) + (smoothed ? lookbackMs : 0),
  };
  const columnFor = columnMaker(grid, reuse);
  const buckets = await instantBuckets(e, node, { reference, grid, what });
  if (buckets) {
    const open = (labels: Series["labels"]) => columnFor(labels, what !== "values");
    for await (const column of bucketColumnsOf(e, buckets, { node, grid, columnFor: open })) yield [column];
    return;
  }
  const windowsOf = sharedWindows({ ...reference, count: grid.count, rangeMs: lookbackMs });
  const trace = e.options.trace?.counts(grid) ? e.options.trace : undefined;
  function* columnsOf(batch: readonly Series[]): Generator<Column> {
    for (const series of batch) {
      e.spend(grid.count);
      if (!reuse) e.hold(grid.count);
      const column = columnFor(series.labels, what !== "values");
      const plain = what === "values" && !smoothed && isPlain(series);
      const filled = plain
        ? newest(series.values, windowsOf(series.timestamps), column)
        : smoothed
          ? fillSmoothed(withoutStaleMarkers(series), column, {
              ...reference,
              lookbackMs,
              notes: e.notes(node, series.labels.__name__),
            })
          : fillInstant(series, column, { reference, lookbackMs, what });
      if (!filled) continue;
      if (trace) trace.look((i) => column.present[i] ?? 0);
      yield column;
    }
  }
  for await (const batch of read(e, node, range)) yield columnsOf(batch);
}

async function instantBuckets(
  e: Evaluation,
  node: VectorSelector,
  { reference, grid, what }: { reference: Reference; grid: Grid; what: What },
): Promise<BucketsInHand | undefined> {
  if (node.extended || what === "startTimestamps" || !e.options.querier.buckets) return undefined;
  const asked = { matchers: node.matchers, ...reference, count: grid.count, rangeMs: e.options.lookbackMs };
  return bucketsOfInstant(e, asked, what === "timestamps");
}

/** A range function answered from buckets, where the store has such for it. */
export async function rangeBuckets(
  e: Evaluation,
  { name, node, grid }: { name: string; node: MatrixSelector | Subquery; grid: Grid },
): Promise<BucketsInHand | undefined> {
  if (node.kind === "subquery" || node.selector.extended || !e.options.querier.buckets) return undefined;
  const reference = referenceOf(e, node.selector, grid);
  const asked = { matchers: node.selector.matchers, ...reference, count: grid.count };
  return bucketsOfRange(e, name, { ...asked, rangeMs: positiveDurationMs(e, node.range) });
}

export async function* bucketColumnsOf(
  e: Evaluation,
  { answer, fill }: BucketsInHand,
  how: { node: VectorSelector; grid: Grid; columnFor: (labels: Series["labels"]) => Column },
): AsyncGenerator<Column> {
  const { grid, columnFor } = how;
  const selected = e.options.trace?.selected(how.node);
  selected?.tiers.add(answer.name);
  for await (const series of answer.series) {
    if (selected) {
      selected.series++;
      selected.buckets += series.ends.length;
    }
    e.spend(series.ends.length + grid.count);
    if (e.isOutOfBreath) await e.breathe();
    else e.throwIfAborted();
    const column = columnFor(series.labels);
    if (fill(series, column)) yield column;
  }
}

/** Numbers alone, none of them NaN. */
export const isPlain = ({ plain, histograms, values }: Samples): boolean =>
  plain || (!histograms && !hasNaN(values));

function fillInstant(
  series: Series,
  column: Column,
  how: { reference: Reference; lookbackMs: number; what: What },
): boolean {
  const { timestamps, values, histograms } = series;
  const { base, stride } = how.reference;
  const asked = how.what === "values" ? values : inSeconds(series[how.what], values.length);
  if (histograms) column.histograms = new Array(column.values.length);
  let next = 0;
  let any = false;
  for (let i = 0; i < column.values.length; i++) {
    const at = base + i * stride;
    while (next < timestamps.length && (timestamps[next] ?? 0) <= at) next++;
    const last = next - 1;
    if (last < 0) continue;
    const time = timestamps[last] ?? 0;
    if (time <= at - how.lookbackMs || isStaleMarker(values, last)) continue;
    column.values[i] = asked[last] ?? 0;
    column.present[i] = 1;
    if (column.histograms) column.histograms[i] = histograms?.[last];
    any = true;
  }
  return any;
}

const inSeconds = (times: Float64Array | undefined, count: number) =>
  times?.map((time) => time / 1000) ?? new Float64Array(count);

export function selectRange(e: Evaluation, node: MatrixSelector | Subquery, grid: Grid): RangeVector {
  if (node.kind === "subquery") return evaluateSubquery(e, node, grid);
  const { selector } = node;
  const rangeMs = positiveDurationMs(e, node.range);
  const reference = referenceOf(e, selector, grid);
  const { extended } = selector;
  const behindMs = extended ? e.options.lookbackMs : 0;
  const aheadMs = extended === "smoothed" ? e.options.lookbackMs : 0;
  const range = {
    start: reference.base - rangeMs - behindMs + 1,
    end: lastReference(reference, grid) + aheadMs,
  };
  function* withoutEmpty(batch: readonly Series[]): Generator<RangeSeries> {
    for (const found of batch) {
      const samples = withoutStaleMarkers(found);
      if (samples.values.length > 0) yield { labels: found.labels, dropName: false, samples };
    }
  }
  async function* series(): AsyncGenerator<Iterable<RangeSeries>> {
    for await (const batch of read(e, selector, range)) yield withoutEmpty(batch);
  }
  return { reference, rangeMs, behindMs, aheadMs, ...(extended && { extended }), series: series() };
}

/** The inner expression on a grid of its own, aligned to multiples of its step since the epoch. */
function evaluateSubquery(e: Evaluation, node: Subquery, grid: Grid): RangeVector {
  const rangeMs = positiveDurationMs(e, node.range);
  const step = node.step ? positiveDurationMs(e, node.step) : e.options.defaultStepMs;
  const reference = referenceOf(e, node, grid);
  const start = (Math.floor((reference.base - rangeMs) / step) + 1) * step;
  const count = Math.floor((lastReference(reference, grid) - start) / step) + 1;
  const inner: Grid = { start, step, count };
  async function* series(): AsyncGenerator<Iterable<RangeSeries>> {
    if (count < 1) return;
    e.spend(count);
    for (const column of await evaluateVector(e, node.inner, inner)) {
      const samples = compact(column, inner);
      e.spend(samples.values.length);
      e.hold(samples.values.length);
      await e.breathe();
      if (samples.values.length > 0) yield [{ labels: column.labels, dropName: column.dropName, samples }];
    }
  }
  return { reference, rangeMs, behindMs: 0, aheadMs: 0, series: series() };
}

/** A hint tells of the sample just before, which the next step of a subquery need not be. */
const withoutHint = (histogram: Histogram | undefined) =>
  histogram && histogram.hint !== "gauge" ? withHint(histogram, "unknown") : histogram;

function compact(column: Column, grid: Grid): Samples {
  let count = 0;
  for (const present of column.present) count += present;
  const samples: Samples = { timestamps: new Float64Array(count), values: new Float64Array(count) };
  const { histograms } = column;
  if (histograms)
    samples.histograms = Array.from(histograms, withoutHint).filter((_, i) => column.present[i] === 1);
  let next = 0;
  for (let i = 0; i < grid.count; i++) {
    if (!column.present[i]) continue;
    samples.timestamps[next] = grid.start + i * grid.step;
    samples.values[next++] = column.values[i] ?? 0;
  }
  return samples;
}
