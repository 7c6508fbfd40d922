import { type Buckets, bucketsOf, customSchema, hintOf } from "../../metrics/histogram.ts";
import type { Sink } from "../../metrics/sink.ts";
import type { ProtoReader } from "../protobuf.ts";

/** Runs of buckets, as they are written. */
export interface Side {
  /** Offset and length of each run of buckets, in turn. */
  spans: number[];
  /** Whole counts, each as the difference to the one before. */
  deltas: number[];
  /** Instead of deltas in histograms of floats. */
  counts: number[];
}

const mostBuckets = 100_000;

/**
 * The message Histogram, the same in both versions: count = 1 or 2, sum = 3, schema = 4, zero_threshold = 5, zero_count =
 * 6 or 7, negative spans, deltas, counts = 8, 9, 10, positive ones = 11, 12, 13, reset_hint = 14, timestamp = 15,
 * custom_values = 16, start_timestamp = 17. `seriesStart`: of all samples of the series.
 */
export function readHistogram(reader: ProtoReader, sink: Sink, reference: number, seriesStart = 0): void {
  const outer = reader.enter();
  const read = { count: 0, schema: 0, zeroThreshold: 0, zeroCount: 0, hint: 0, time: 0, low: 0, high: 0 };
  let start = seriesStart;
  const negative: Side = { spans: [], deltas: [], counts: [] };
  const positive: Side = { spans: [], deltas: [], counts: [] };
  const customBounds: number[] = [];
  const double = () => reader.double();
  while (reader.more) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (field === 1 || field === 2) read.count = field === 1 ? reader.varint() : reader.double();
    else if (field === 3) {
      const at = reader.skip(8);
      read.low = reader.view.getUint32(at, true);
      read.high = reader.view.getUint32(at + 4, true);
    } else if (field === 4) read.schema = reader.zigzag();
    else if (field === 5) read.zeroThreshold = reader.double();
    else if (field === 6 || field === 7) read.zeroCount = field === 6 ? reader.varint() : reader.double();
    else if (field >= 8 && field <= 13) readSide(reader, tag, field < 11 ? negative : positive);
    else if (field === 14) read.hint = reader.varint();
    else if (field === 15) read.time = reader.int64();
    else if (field === 16) reader.numbers(tag, customBounds, double);
    else if (field === 17) start = reader.int64();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  if (read.low === 2 && read.high === 0x7ff00000) {
    sink.stale(reference, read.time);
    return;
  }
  const histogram = {
    ...{
      schema: read.schema,
      count: read.count,
      zeroThreshold: read.zeroThreshold,
      zeroCount: read.zeroCount,
    },
    sum: doubleOf(read.low, read.high),
    hint: hintOf(read.hint),
    positive: bucketsFrom(positive),
    negative: bucketsFrom(negative),
    customBounds: read.schema === customSchema ? customBounds : [],
  };
  sink.histogram(reference, read.time, histogram, start);
}

function readSide(reader: ProtoReader, tag: number, side: Side): void {
  const field = tag >>> 3;
  if (field === 8 || field === 11) readSpan(reader, side);
  else if (field === 9 || field === 12) reader.numbers(tag, side.deltas, () => reader.zigzag());
  else reader.numbers(tag, side.counts, () => reader.double());
}

/** offset = 1, length = 2. */
export function readSpan(reader: ProtoReader, side: Side): void {
  const outer = reader.enter();
  let [offset, length] = [0, 0];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) offset = reader.zigzag();
    else if (tag === 0x10) length = reader.varint();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  side.spans.push(offset, length);
}

/** Throws a TypeError where there are not as many counts as buckets. */
export function bucketsFrom({ spans, deltas, counts }: Side): Buckets {
  const indexes: number[] = [];
  const values = counts.length > 0 ? counts : cumulated(deltas);
  let index = 0;
  for (let span = 0; span < spans.length; span += 2) {
    index += spans[span] ?? 0;
    const length = spans[span + 1] ?? 0;
    if (indexes.length + length > mostBuckets) throw new TypeError("a histogram has too many buckets");
    for (let left = length; left > 0; left--) indexes.push(index++);
  }
  if (indexes.length !== values.length)
    throw new TypeError(`a histogram has ${indexes.length} buckets but ${values.length} counts`);
  return bucketsOf(indexes, values);
}

function cumulated(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => {
    count += delta;
    return count;
  });
}

const halves = new Uint32Array(2);
const doubles = new Float64Array(halves.buffer);

function doubleOf(low: number, high: number): number {
  halves[0] = low;
  halves[1] = high;
  return doubles[0] ?? 0;
}
