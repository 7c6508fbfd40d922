import type { NativeHistogram } from "../../metrics/histogram.ts";
import { floatText } from "../float-text.ts";
import type { Exemplar, Exposition } from "../prometheus-text/parse.ts";
import { ProtoReader } from "../protobuf.ts";
import { bucketsFrom, readSpan, type Side } from "../remote-write/histogram.ts";

/** A native histogram of an endpoint. */
export interface ExposedHistogram {
  name: string;
  labels: [name: string, value: string][];
  histogram: NativeHistogram;
  timestamp: number | undefined;
  exemplars: Exemplar[];
}

export interface ProtoExposition extends Exposition {
  histograms: ExposedHistogram[];
}

const types = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"] as const;
type FamilyType = (typeof types)[number];

export interface ProtoOptions {
  /** Classic buckets also where a family has native ones. */
  classic: boolean;
  /** Of samples and native histograms; a TypeError beyond it. */
  most?: number;
}

/**
 * `io.prometheus.client.MetricFamily`, each with its length before it: the form of `/metrics` that carries native
 * histograms (https://github.com/prometheus/client_model). Throws a TypeError for anything else.
 */
export function decodeProto(
  bytes: Uint8Array,
  { classic, most = Number.POSITIVE_INFINITY }: ProtoOptions,
): ProtoExposition {
  const reader = new ProtoReader(bytes);
  const found: ProtoExposition = { samples: [], histograms: [], families: new Map() };
  while (reader.more) {
    const outer = reader.enter();
    readFamily(reader, found, { classic, most });
    if (found.families.size > most) throw new TypeError(`there are more than ${most} families`);
    reader.leave(outer);
  }
  return found;
}

/** name = 1, help = 2, type = 3, metric = 4, unit = 5. */
function readFamily(
  reader: ProtoReader,
  found: ProtoExposition,
  { classic, most }: Required<ProtoOptions>,
): void {
  const family = { name: "", help: "", unit: "", type: "counter" as FamilyType };
  const metrics: [start: number, end: number][] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) family.name = reader.string();
    else if (tag === 0x12) family.help = reader.string();
    else if (tag === 0x18) family.type = types[reader.varint()] ?? "unknown";
    else if (tag === 0x22) {
      const size = reader.varint();
      const start = reader.skip(size);
      metrics.push([start, start + size]);
      if (metrics.length > most) throw tooMany(most);
    } else if (tag === 0x2a) family.unit = reader.string();
    else reader.skipField(tag);
  }
  if (family.name === "") throw new TypeError("a family has no name");
  const { name, ...rest } = family;
  found.families.set(name, rest);
  const [at, end] = [reader.at, reader.end];
  for (const [start, stop] of metrics) {
    [reader.at, reader.end] = [start, stop];
    readMetric(reader, { found, name, classic });
    if (found.samples.length + found.histograms.length > most) throw tooMany(most);
  }
  [reader.at, reader.end] = [at, end];
}

const tooMany = (most: number) => new TypeError(`there are more than ${most} samples`);

interface Taking {
  found: ProtoExposition;
  name: string;
  classic: boolean;
}

/** label = 1, gauge = 2, counter = 3, summary = 4, untyped = 5, timestamp_ms = 6, histogram = 7. */
function readMetric(reader: ProtoReader, { found, name, classic }: Taking): void {
  const labels: [string, string][] = [];
  let timestamp: number | undefined;
  let value: { value: number; exemplar: Exemplar | undefined } | undefined;
  let summary: Summary | undefined;
  let histogram: Histogram | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) labels.push(readLabel(reader));
    else if (tag === 0x12 || tag === 0x1a || tag === 0x2a) value = readValue(reader);
    else if (tag === 0x22) summary = readSummary(reader);
    else if (tag === 0x30) timestamp = reader.int64();
    else if (tag === 0x3a) histogram = readHistogram(reader);
    else reader.skipField(tag);
  }
  const add = (suffix: string, number: number, more: [string, string][] = [], exemplar?: Exemplar) =>
    found.samples.push({
      ...{ name: name + suffix, labels: [...labels, ...more], value: number, timestamp },
      ...(exemplar && { exemplar }),
    });
  if (value) add("", value.value, [], value.exemplar);
  if (summary) {
    for (const { quantile, value: at } of summary.quantiles) add("", at, [["quantile", floatText(quantile)]]);
    add("_sum", summary.sum);
    add("_count", summary.count);
  }
  if (!histogram) return;
  if (histogram.native)
    found.histograms.push({
      ...{ name, labels, timestamp, histogram: histogram.native },
      exemplars: histogram.exemplars,
    });
  if (histogram.native && !classic) return;
  for (const { bound, count, exemplar } of histogram.buckets)
    add("_bucket", count, [["le", floatText(bound)]], exemplar);
  if (histogram.buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY)
    add("_bucket", histogram.count, [["le", "+Inf"]]);
  add("_sum", histogram.sum);
  add("_count", histogram.count);
}

/** name = 1, value = 2. */
function readLabel(reader: ProtoReader): [string, string] {
  const outer = reader.enter();
  const label: [string, string] = ["", ""];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) label[0] = reader.string();
    else if (tag === 0x12) label[1] = reader.string();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  return label;
}

/** value = 1; of a counter exemplar = 2. */
function readValue(reader: ProtoReader): { value: number; exemplar: Exemplar | undefined } {
  const outer = reader.enter();
  let value = 0;
  let exemplar: Exemplar | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x09) value = reader.double();
    else if (tag === 0x12) exemplar = readExemplar(reader);
    else reader.skipField(tag);
  }
  reader.leave(outer);
  return { value, exemplar };
}

/** label = 1, value = 2, timestamp = 3 (seconds = 1, nanos = 2). */
function readExemplar(reader: ProtoReader): Exemplar {
  const outer = reader.enter();
  const exemplar: Exemplar = { labels: [], value: 0, timestamp: undefined };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) exemplar.labels.push(readLabel(reader));
    else if (tag === 0x11) exemplar.value = reader.double();
    else if (tag === 0x1a) exemplar.timestamp = readTime(reader);
    else reader.skipField(tag);
  }
  reader.leave(outer);
  return exemplar;
}

function readTime(reader: ProtoReader): number {
  const outer = reader.enter();
  let milliseconds = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) milliseconds += reader.int64() * 1000;
    else if (tag === 0x10) milliseconds += Math.floor(reader.varint() / 1e6);
    else reader.skipField(tag);
  }
  reader.leave(outer);
  return milliseconds;
}

interface Summary {
  count: number;
  sum: number;
  quantiles: { quantile: number; value: number }[];
}

/** sample_count = 1, sample_sum = 2, quantile = 3 (quantile = 1, value = 2). */
function readSummary(reader: ProtoReader): Summary {
  const outer = reader.enter();
  const summary: Summary = { count: 0, sum: 0, quantiles: [] };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) summary.count = reader.varint();
    else if (tag === 0x11) summary.sum = reader.double();
    else if (tag === 0x1a) {
      const inner = reader.enter();
      const at = { quantile: 0, value: 0 };
      while (reader.more) {
        const field = reader.tag();
        if (field === 0x09) at.quantile = reader.double();
        else if (field === 0x11) at.value = reader.double();
        else reader.skipField(field);
      }
      reader.leave(inner);
      summary.quantiles.push(at);
    } else reader.skipField(tag);
  }
  reader.leave(outer);
  return summary;
}

interface Histogram {
  count: number;
  sum: number;
  buckets: { bound: number; count: number; exemplar: Exemplar | undefined }[];
  native: NativeHistogram | undefined;
  exemplars: Exemplar[];
}

/**
 * sample_count = 1, sample_sum = 2, bucket = 3, sample_count_float = 4, schema = 5, zero_threshold = 6, zero_count = 7,
 * zero_count_float = 8, negative spans, deltas, counts = 9, 10, 11, positive ones = 12, 13, 14, exemplars = 16.
 */
function readHistogram(reader: ProtoReader): Histogram {
  const outer = reader.enter();
  const read = { count: 0, floats: 0, sum: 0, schema: 0, zeroThreshold: 0, zeroCount: 0 };
  const buckets: Histogram["buckets"] = [];
  const exemplars: Exemplar[] = [];
  const sides: [Side, Side] = [newSide(), newSide()];
  const [negative, positive] = sides;
  while (reader.more) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (field === 1) read.count = reader.varint();
    else if (field === 2) read.sum = reader.double();
    else if (field === 3) buckets.push(readBucket(reader));
    else if (field === 4) read.floats = reader.double();
    else if (field === 5) read.schema = reader.zigzag();
    else if (field === 6) read.zeroThreshold = reader.double();
    else if (field === 7) read.zeroCount = reader.varint() || read.zeroCount;
    else if (field === 8) read.zeroCount = reader.double() || read.zeroCount;
    else if (field === 9 || field === 12) readSpan(reader, field === 9 ? negative : positive);
    else if (field === 10 || field === 13)
      reader.numbers(tag, (field === 10 ? negative : positive).deltas, () => reader.zigzag());
    else if (field === 11 || field === 14)
      reader.numbers(tag, (field === 11 ? negative : positive).counts, () => reader.double());
    else if (field === 16) exemplars.push(readExemplar(reader));
    else reader.skipField(tag);
  }
  reader.leave(outer);
  const count = read.count || read.floats;
  // Without buckets, a span of no length or a zero threshold says that it is a native one: as in Prometheus.
  const isNative =
    sides.some(({ spans }) => spans.length > 0) || read.zeroThreshold > 0 || read.zeroCount > 0;
  return {
    ...{ count, sum: read.sum, buckets, exemplars },
    native: isNative
      ? {
          ...{ schema: read.schema, count, sum: read.sum, hint: "unknown", customBounds: [] },
          ...{ zeroThreshold: read.zeroThreshold, zeroCount: read.zeroCount },
          positive: bucketsFrom(positive),
          negative: bucketsFrom(negative),
        }
      : undefined,
  };
}

const newSide = (): Side => ({ spans: [], deltas: [], counts: [] });

/** cumulative_count = 1, upper_bound = 2, exemplar = 3, cumulative_count_float = 4. */
function readBucket(reader: ProtoReader): Histogram["buckets"][number] {
  const outer = reader.enter();
  const bucket: Histogram["buckets"][number] = { bound: 0, count: 0, exemplar: undefined };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) bucket.count = reader.varint() || bucket.count;
    else if (tag === 0x11) bucket.bound = reader.double();
    else if (tag === 0x1a) bucket.exemplar = readExemplar(reader);
    else if (tag === 0x21) bucket.count = reader.double() || bucket.count;
    else reader.skipField(tag);
  }
  reader.leave(outer);
  return bucket;
}
