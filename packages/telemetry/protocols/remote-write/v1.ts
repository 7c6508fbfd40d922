import type { ByteKeys } from "../../metrics/byte-keys.ts";
import type { Sink } from "../../metrics/sink.ts";
import { ProtoReader, textOf } from "../protobuf.ts";
import { readHistogram } from "./histogram.ts";
import { metadataTypes } from "./metadata.ts";

/**
 * prometheus.WriteRequest of remote write 1.0
 * (https://prometheus.io/docs/specs/prw/remote_write_spec/): timeseries = 1, metadata = 3. Numbers of fields stand here as
 * tags: number × 8 + wire type.
 */
export function decodeWriteV1(bytes: Uint8Array, sink: Sink): void {
  const reader = new ProtoReader(bytes);
  const keys = sink.keys("remote-write");
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) {
      const outer = reader.enter();
      readSeries(reader, sink, keys);
      reader.leave(outer);
    } else if (tag === 0x1a) {
      const outer = reader.enter();
      readMetadata(reader, sink);
      reader.leave(outer);
    } else reader.skipField(tag);
  }
}

/** labels = 1, samples = 2, exemplars = 3, histograms = 4. */
function readSeries(reader: ProtoReader, sink: Sink, keys: ByteKeys): void {
  const { bytes } = reader;
  const start = reader.at;
  while (reader.more && bytes[reader.at] === 0x0a) {
    reader.at++;
    reader.skip(reader.varint());
  }
  const end = reader.at;
  let reference = keys.find(reader.view, start, end);
  if (reference < 0) {
    reference = sink.reference(readLabels(bytes.subarray(start, end)), 0);
    if (reference < 0) {
      refuseSeries(reader, sink);
      return;
    }
    // The reference's lookup does not touch what `find` left for `add`.
    keys.add(bytes, start, end, reference);
  }
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x12) readSample(reader, sink, reference);
    else if (tag === 0x22) readHistogram(reader, sink, reference);
    else if (tag === 0x1a) readExemplar(reader, sink, reference);
    else if (tag === 0x0a) throw new TypeError("labels stand behind samples");
    else reader.skipField(tag);
  }
}

/** Each sample of a series that cannot be stored counts. */
function refuseSeries(reader: ProtoReader, sink: Sink): void {
  let samples = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x12 || tag === 0x22) samples++;
    reader.skipField(tag);
  }
  sink.batch.refuse("its series cannot be stored", "", samples);
}

/** value = 1, timestamp = 2; in version 2.0 start_timestamp = 3. `seriesStart`: of all samples of the series. */
export function readSample(reader: ProtoReader, sink: Sink, reference: number, seriesStart = 0): void {
  const outer = reader.enter();
  let [low, high, time] = [0, 0, 0];
  let start = seriesStart;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x09) {
      const at = reader.skip(8);
      low = reader.view.getUint32(at, true);
      high = reader.view.getUint32(at + 4, true);
    } else if (tag === 0x10) time = reader.int64();
    else if (tag === 0x18) start = reader.int64();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  sink.sample(reference, time, low, high, start);
}

/** labels = 1, value = 2, timestamp = 3. */
function readExemplar(reader: ProtoReader, sink: Sink, reference: number): void {
  const outer = reader.enter();
  const labels: string[] = [];
  let [value, time] = [0, 0];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) readLabel(reader, labels);
    else if (tag === 0x11) value = reader.double();
    else if (tag === 0x18) time = reader.int64();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  sink.exemplar(reference, time, value, labels);
}

/** type = 1, metric_family_name = 2, help = 4, unit = 5. */
function readMetadata(reader: ProtoReader, sink: Sink): void {
  const metadata = { name: "", type: "unknown", unit: "", help: "" };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) metadata.type = metadataTypes[reader.varint()] ?? "unknown";
    else if (tag === 0x12) metadata.name = reader.string();
    else if (tag === 0x22) metadata.help = reader.string();
    else if (tag === 0x2a) metadata.unit = reader.string();
    else reader.skipField(tag);
  }
  if (metadata.name !== "") sink.batch.metadata.push(metadata);
}

function readLabels(bytes: Uint8Array): string[] {
  const reader = new ProtoReader(bytes);
  const labels: string[] = [];
  while (reader.more) {
    reader.tag();
    readLabel(reader, labels);
  }
  return labels;
}

/** name = 1, value = 2. */
function readLabel(reader: ProtoReader, labels: string[]): void {
  const outer = reader.enter();
  let [name, value] = ["", ""];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) name = textOf(reader.chunk());
    else if (tag === 0x12) value = textOf(reader.chunk());
    else reader.skipField(tag);
  }
  reader.leave(outer);
  labels.push(name, value);
}
