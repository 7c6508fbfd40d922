import type { ByteReader, ByteWriter } from "../protocols/agent/bytes.ts";

/** Buckets that hold something, by index, ascending. Counts are of one bucket each, not cumulative. */
export interface Buckets {
  indexes: Int32Array;
  counts: Float64Array;
}

const hints = ["unknown", "reset", "not_reset", "gauge"] as const;

/** A native histogram in Prometheus' form: what the query engine calls a histogram. */
export interface NativeHistogram {
  schema: number;
  count: number;
  sum: number;
  zeroThreshold: number;
  zeroCount: number;
  hint: (typeof hints)[number];
  positive: Buckets;
  negative: Buckets;
  customBounds: readonly number[];
}

export const customSchema = -53;

/** The columns of the table `histograms` behind the series and the time. */
const body = [
  { name: "schema", type: "Int8" },
  { name: "hint", type: "UInt8" },
  { name: "count", type: "Float64" },
  { name: "sum", type: "Float64" },
  { name: "zero_threshold", type: "Float64" },
  { name: "zero_count", type: "Float64" },
  { name: "positive_indexes", type: "Array(Int32)" },
  { name: "positive_counts", type: "Array(Float64)" },
  { name: "negative_indexes", type: "Array(Int32)" },
  { name: "negative_counts", type: "Array(Float64)" },
  { name: "custom_bounds", type: "Array(Float64)" },
] as const;

export const histogramColumns = [
  { name: "series_id", type: "UInt64" },
  { name: "timestamp", type: "DateTime64(3, 'UTC')" },
  ...body,
] as const;

export const histogramBody = body.map(({ name }) => name).join(", ");

export function hintOf(number: number): NativeHistogram["hint"] {
  return hints[number] ?? "unknown";
}

/** Leaves out buckets that hold nothing. */
export function bucketsOf(indexes: readonly number[], counts: readonly number[]): Buckets {
  const kept = indexes.map((_, at) => at).filter((at) => counts[at] !== 0);
  return {
    indexes: Int32Array.from(kept, (at) => indexes[at] ?? 0),
    counts: Float64Array.from(kept, (at) => counts[at] ?? 0),
  };
}

/** Why it is no histogram; undefined where it is one. The rules are Prometheus' own. */
export function histogramFault({ schema, positive, negative, ...rest }: NativeHistogram): string | undefined {
  if (schema !== customSchema && !(schema >= -4 && schema <= 8)) return `schema ${schema} is not known`;
  const counts = [...positive.counts, ...negative.counts, rest.zeroCount, rest.count];
  if (!counts.every((count) => count >= 0)) return "a bucket's count is negative";
  if (schema !== customSchema) return undefined;
  const ascending = rest.customBounds.every(
    (bound, at) => at === 0 || bound > (rest.customBounds[at - 1] ?? 0),
  );
  if (!ascending) return "its bounds are not ascending";
  const outside = positive.indexes.some((index) => index < 0 || index > rest.customBounds.length);
  return outside || negative.indexes.length > 0 ? "a bucket has no bound" : undefined;
}

export function writeHistogram(rows: ByteWriter, histogram: NativeHistogram): void {
  rows.byte(histogram.schema & 0xff);
  rows.byte(hints.indexOf(histogram.hint));
  rows.float64(histogram.count);
  rows.float64(histogram.sum);
  rows.float64(histogram.zeroThreshold);
  rows.float64(histogram.zeroCount);
  for (const { indexes, counts } of [histogram.positive, histogram.negative]) {
    rows.varint(indexes.length);
    for (const index of indexes) rows.int32(index);
    rows.varint(counts.length);
    for (const count of counts) rows.float64(count);
  }
  rows.varint(histogram.customBounds.length);
  for (const bound of histogram.customBounds) rows.float64(bound);
}

export function readHistogram(row: ByteReader): NativeHistogram {
  const schema = (row.byte() << 24) >> 24;
  const hint = hintOf(row.byte());
  const [count = 0, sum = 0, zeroThreshold = 0, zeroCount = 0] = row.float64s(4);
  const buckets = () => ({
    indexes: new Int32Array(row.uint32s(row.varint())),
    counts: row.float64s(row.varint()),
  });
  const positive = buckets();
  const negative = buckets();
  const customBounds = [...row.float64s(row.varint())];
  return { schema, hint, count, sum, zeroThreshold, zeroCount, positive, negative, customBounds };
}
