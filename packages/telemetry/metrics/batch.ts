import { ByteWriter } from "../protocols/agent/bytes.ts";
import type { NewSegment } from "../spool/spool.ts";
import type { NativeHistogram } from "./histogram.ts";
import { writeHistogram } from "./histogram.ts";
import type { SeriesRegistry } from "./registry.ts";

const dayMs = 86_400_000;
const halvesOfRow = 6;
const mostSpare = 8;
const largestSpare = halvesOfRow * 64 * 1024;

export const seriesColumns = [
  { name: "day", type: "Date" },
  { name: "id", type: "UInt64" },
  { name: "name", type: "LowCardinality(String)" },
  { name: "labels", type: "Map(LowCardinality(String), String)" },
] as const;

export const sampleColumns = [
  { name: "series_id", type: "UInt64" },
  { name: "timestamp", type: "DateTime64(3, 'UTC')" },
  { name: "given", type: "Float64" },
] as const;

export const exemplarColumns = [
  { name: "series_id", type: "UInt64" },
  { name: "timestamp", type: "DateTime64(3, 'UTC')" },
  { name: "value", type: "Float64" },
  { name: "labels", type: "Map(LowCardinality(String), String)" },
] as const;

export const metadataColumns = [
  { name: "name", type: "String" },
  { name: "type", type: "LowCardinality(String)" },
  { name: "unit", type: "LowCardinality(String)" },
  { name: "help", type: "String" },
  { name: "at", type: "DateTime64(3, 'UTC')" },
] as const;

export interface Metadata {
  name: string;
  type: string;
  unit: string;
  help: string;
}

/** Rows of a write in the making, as RowBinary. Samples go straight into their columns' bytes. */
export class MetricBatch {
  samples = 0;
  histograms = 0;
  exemplars = 0;
  /** What could not be taken: reason → how many. The first of each says where. */
  readonly refused = new Map<string, { count: number; first: string }>();
  readonly metadata: Metadata[] = [];
  readonly #registry: SeriesRegistry;
  readonly #series = new ByteWriter();
  readonly #written: number[] = [];
  #halves: Uint32Array<ArrayBuffer>;
  #histogramRows: ByteWriter | undefined;
  #exemplarRows: ByteWriter | undefined;
  #startRows: ByteWriter | undefined;
  readonly #started = new Set<number>();
  #oldest = Number.POSITIVE_INFINITY;

  constructor(registry: SeriesRegistry) {
    this.#registry = registry;
    this.#halves = registry.spareRows.pop() ?? new Uint32Array(halvesOfRow * 1024);
  }

  /** `time` in milliseconds; the value as its two halves, so that markers stay exact. */
  sample(reference: number, time: number, low: number, high: number): void {
    const registry = this.#registry;
    this.#noteDay(reference, time);
    if (time < this.#oldest) this.#oldest = time;
    const row = this.samples++ * halvesOfRow;
    if (row === this.#halves.length) this.#grow();
    const halves = this.#halves;
    halves[row] = registry.low[reference] ?? 0;
    halves[row + 1] = registry.high[reference] ?? 0;
    halves[row + 2] = time >>> 0;
    halves[row + 3] = Math.floor(time / 2 ** 32);
    halves[row + 4] = low;
    halves[row + 5] = high;
  }

  histogram(reference: number, time: number, histogram: NativeHistogram): void {
    this.#noteDay(reference, time);
    this.histograms++;
    this.#histogramRows ??= new ByteWriter();
    this.#place(this.#histogramRows, reference, time);
    writeHistogram(this.#histogramRows, histogram);
  }

  /** `labels`: names and values in turn. */
  exemplar(reference: number, time: number, value: number, labels: readonly string[]): void {
    this.exemplars++;
    this.#exemplarRows ??= new ByteWriter();
    const rows = this.#exemplarRows;
    this.#place(rows, reference, time);
    rows.float64(value);
    rows.varint(labels.length / 2);
    for (const text of labels) rows.string(text);
  }

  /** Since when the sample of that time counts; to be told beside it. Both in milliseconds. */
  start(reference: number, time: number, started: number): void {
    this.#startRows ??= new ByteWriter();
    this.#place(this.#startRows, reference, time);
    this.#startRows.uint32(started >>> 0);
    this.#startRows.uint32(Math.floor(started / 2 ** 32));
    this.#started.add(reference);
  }

  /** Ids of the series that start times were told of. */
  *startedSeries(): Generator<bigint> {
    const { low, high } = this.#registry;
    for (const reference of this.#started)
      yield (BigInt(high[reference] ?? 0) << 32n) | BigInt(low[reference] ?? 0);
  }

  refuse(reason: string, where: string, count = 1): void {
    const known = this.refused.get(reason);
    if (known) known.count += count;
    else this.refused.set(reason, { count, first: where.slice(0, 200) });
  }

  segments(): NewSegment[] {
    const samples = new Uint8Array(this.#halves.buffer, 0, this.samples * halvesOfRow * 4);
    const segments: NewSegment[] = [
      { table: "series", rows: this.#series.view(), isNew: true },
      { table: "samples", rows: samples, isNew: true, oldest: this.#oldest },
    ];
    if (this.#startRows) segments.push({ table: "starts", rows: this.#startRows.view(), isNew: true });
    if (this.#histogramRows)
      segments.push({ table: "histograms", rows: this.#histogramRows.view(), isNew: true });
    if (this.#exemplarRows)
      segments.push({ table: "exemplars", rows: this.#exemplarRows.view(), isNew: true });
    return segments;
  }

  /** Its segments are written, or given up: their memory is used again. Memory that is new each time costs as much as its rows. */
  release(): void {
    const { spareRows } = this.#registry;
    if (spareRows.length < mostSpare && this.#halves.length <= largestSpare) spareRows.push(this.#halves);
    this.#halves = new Uint32Array(0);
  }

  /** Nothing of it became durable. */
  forget(): void {
    for (const reference of this.#written) this.#registry.forgetDays(reference);
  }

  #place(rows: ByteWriter, reference: number, time: number): void {
    rows.uint32(this.#registry.low[reference] ?? 0);
    rows.uint32(this.#registry.high[reference] ?? 0);
    rows.uint32(time >>> 0);
    rows.uint32(Math.floor(time / 2 ** 32));
  }

  #noteDay(reference: number, time: number): void {
    const registry = this.#registry;
    const day = Math.floor(time / dayMs);
    if (registry.day[reference] === day || registry.otherDay[reference] === day) return;
    registry.otherDay[reference] = registry.day[reference] ?? -1;
    registry.day[reference] = day;
    this.#written.push(reference);
    this.#series.uint16(day);
    this.#series.raw(registry.row(reference));
  }

  #grow(): void {
    const larger = new Uint32Array(Math.max(halvesOfRow * 1024, this.#halves.length * 2));
    larger.set(this.#halves);
    this.#halves = larger;
  }
}
