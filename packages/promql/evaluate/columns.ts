import type { Labels } from "@havn/model";
import { executionError } from "../errors.ts";
import type { Histogram } from "../histogram/histogram.ts";
import type { Series } from "../querier.ts";

/** The moments that are evaluated: `start + i * step` for i < count, in milliseconds. */
export interface Grid {
  start: number;
  step: number;
  count: number;
}

/** One series of an instant vector over a whole grid. `values[i]` counts only where `present[i]` is 1. */
export interface Column {
  labels: Labels;
  values: Float64Array;
  present: Uint8Array;
  /** Native histograms, at the moments at which the value is one; what stands in `values` there does not count. */
  histograms?: (Histogram | undefined)[];
  /**
   * The metric's name goes from the result, but only at the very end: until then `label_replace` and `by (__name__)`
   * can use it (what Prometheus calls delayed name removal).
   */
  dropName: boolean;
}

/** Columns as they come, many at a time: waiting for each by itself would cost more than what most of them take. */
export type ColumnStream = AsyncIterable<Iterable<Column>>;

/** A series' samples without staleness markers; columns as in `Series`. */
export type Samples = Omit<Series, "labels">;

export function emptyColumn(grid: Grid, labels: Labels, dropName = false): Column {
  return { labels, values: new Float64Array(grid.count), present: new Uint8Array(grid.count), dropName };
}

/** All of them, one after the other. */
export async function collected(stream: ColumnStream): Promise<Column[]> {
  const all: Column[] = [];
  for await (const batch of stream) for (const column of batch) all.push(column);
  return all;
}

/** Points of columns that are made together: memory that is asked for in large parts costs less. */
const pointsTogether = 16_384;

/** Gives an empty column a series: a new one each time, or the same again where nobody holds on to the one before. */
export function columnMaker(grid: Grid, reuse: boolean): (labels: Labels, dropName: boolean) => Column {
  const { count } = grid;
  if (!reuse) {
    let [values, present] = [new Float64Array(0), new Uint8Array(0)];
    let [at, size] = [0, count];
    return (labels, dropName) => {
      if (at + count > values.length) {
        [values, present] = [new Float64Array(size), new Uint8Array(size)];
        at = 0;
        size = Math.max(count, Math.min(size * 2, pointsTogether));
      }
      const [from, to] = [at, at + count];
      at = to;
      return { labels, values: values.subarray(from, to), present: present.subarray(from, to), dropName };
    };
  }
  const { values, present } = emptyColumn(grid, {});
  return (labels, dropName) => {
    values.fill(0);
    present.fill(0);
    return { labels, values, present, dropName };
  };
}

/** Undefined where there is none. */
export function valueAt(column: Column, i: number): number | Histogram | undefined {
  return column.present[i] ? (column.histograms?.[i] ?? column.values[i]) : undefined;
}

export function setValue(column: Column, i: number, value: number | Histogram): void {
  column.present[i] = 1;
  if (typeof value === "number") column.values[i] = value;
  else {
    column.histograms ??= new Array<Histogram | undefined>(column.values.length);
    column.histograms[i] = value;
  }
}

/** The same without its histograms. Columns of numbers alone stay as they are. */
export function floatsOf(column: Column): Column {
  if (!column.histograms) return column;
  const { histograms, ...rest } = column;
  return { ...rest, present: column.present.map((present, i) => (present && !histograms[i] ? 1 : 0)) };
}

export function fullColumn(labels: Labels, values: Float64Array): Column {
  return { labels, values, present: new Uint8Array(values.length).fill(1), dropName: false };
}

/**
 * True for the NaN that says "the series ended here". Arithmetic on the way may have set its quiet bit (0x7FF8…), so
 * that form counts too; an ordinary NaN is 0x7FF8000000000001 or 0x7FF8000000000000.
 */
export function isStaleMarker(values: Float64Array, index: number): boolean {
  if (!Number.isNaN(values[index])) return false;
  const view = new DataView(values.buffer, values.byteOffset + index * 8, 8);
  // Typed arrays are little-endian on every platform that Node runs on.
  return view.getUint32(0, true) === 2 && (view.getUint32(4, true) & 0xfff7ffff) === 0x7ff00000;
}

export function withoutStaleMarkers(series: Series): Samples {
  const { values } = series;
  if (series.plain) return series;
  let stale = 0;
  for (let i = 0; i < values.length; i++) if (isStaleMarker(values, i)) stale++;
  if (stale === 0) return series;
  return pickSamples(series, values.length - stale, (i) => !isStaleMarker(values, i));
}

/** Those samples that `keep` wants, which are `count`. */
export function pickSamples(
  { timestamps, values, histograms, startTimestamps }: Samples,
  count: number,
  keep: (index: number) => boolean,
): Samples {
  const kept = new Int32Array(count);
  for (let i = 0, next = 0; i < values.length; i++) if (keep(i)) kept[next++] = i;
  const pick = (column: Float64Array) => Float64Array.from(kept, (i) => column[i] ?? 0);
  return {
    timestamps: pick(timestamps),
    values: pick(values),
    ...(histograms && { histograms: Array.from(kept, (i) => histograms[i]) }),
    ...(startTimestamps && { startTimestamps: pick(startTimestamps) }),
  };
}

export function hasAny(column: Column): boolean {
  return column.present.includes(1);
}

/** What says which metric a series is of. It goes where the result is of another kind than what went in. */
export const metadataLabels = ["__name__", "__type__", "__unit__"] as const;
const metadata: ReadonlySet<string> = new Set(metadataLabels);
const bare = new WeakMap<Labels, Labels>();

/** Stores give the same labels each time they are asked: what comes of them is remembered as long as they are. */
export function withoutMetadata(labels: Labels): Labels {
  let rest = bare.get(labels);
  if (!rest) {
    rest = omitLabels(labels, metadata);
    bare.set(labels, rest);
  }
  return rest;
}

export function pickLabels(labels: Labels, names: readonly string[]): Labels {
  const picked: Record<string, string> = {};
  for (const name of names) if (labels[name]) picked[name] = labels[name];
  return picked;
}

export function omitLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const kept: Record<string, string> = {};
  for (const name in labels) if (!names.has(name) && labels[name]) kept[name] = labels[name];
  return kept;
}

/** Joins columns of equal labels; `overlap` is called where two of them have a value at one moment, and throws. */
export function mergeColumns(columns: Column[], overlap: (labels: Labels) => Error): Column[] {
  if (columns.length < 2) return columns;
  const merged = new Map<string, Column>();
  const mixed = columns.some(({ dropName }) => dropName !== columns[0]?.dropName);
  for (const column of columns) {
    const own = sortKey(column.labels);
    const key = mixed ? `${column.dropName ? 1 : 0}${own}` : own;
    const first = merged.get(key);
    merged.set(key, first ? join(first, column, overlap) : column);
  }
  return merged.size === columns.length ? columns : [...merged.values()];
}

function join(a: Column, b: Column, overlap: (labels: Labels) => Error): Column {
  const joined: Column = { ...a, values: a.values.slice(), present: a.present.slice() };
  if (a.histograms) joined.histograms = a.histograms.slice();
  for (let i = 0; i < joined.present.length; i++) {
    const value = valueAt(b, i);
    if (value === undefined) continue;
    if (joined.present[i]) throw overlap(a.labels);
    if (joined.histograms) joined.histograms[i] = undefined;
    setValue(joined, i, value);
  }
  return joined;
}

/** Drops the names that were to go, and leaves out columns without a value. */
export function finishColumns(columns: readonly Column[]): Column[] {
  const named = columns
    .filter(hasAny)
    .map((column) =>
      column.dropName ? { ...column, dropName: false, labels: withoutMetadata(column.labels) } : column,
    );
  return mergeColumns(named, () => executionError("vector cannot contain metrics with the same labelset"));
}

/**
 * A text whose order is that of label sets in Prometheus: by name, then by value, pair after pair. The separators sort
 * before every other character.
 */
export function sortKey(labels: Labels): string {
  let key = sortKeys.get(labels);
  if (key === undefined) {
    key = "";
    for (const name of Object.keys(labels).sort())
      if (labels[name] !== "") key += `${name}\u0001${labels[name]}\u0000`;
    sortKeys.set(labels, key);
  }
  return key;
}

const sortKeys = new WeakMap<Labels, string>();

export function compareLabels(a: Labels, b: Labels): number {
  const [x, y] = [sortKey(a), sortKey(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A copy in the order of labels; keys are made once, not at every comparison. */
export function sortedByLabels<T extends { labels: Labels }>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: sortKey(item.labels) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** `{a="b", c="d"}`, as in Prometheus' messages. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.keys(labels)
    .filter((name) => labels[name] !== "")
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `{${pairs.join(", ")}}`;
}
