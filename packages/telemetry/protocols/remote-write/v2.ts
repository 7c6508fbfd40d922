import type { ByteKeys } from "../../metrics/byte-keys.ts";
import type { Sink } from "../../metrics/sink.ts";
import { ProtoReader, textOf } from "../protobuf.ts";
import { readHistogram } from "./histogram.ts";
import { metadataTypes } from "./metadata.ts";
import { readSample } from "./v1.ts";

/** The request's texts: decoded when wanted, since most series are known by their bytes. */
interface Symbols {
  starts: number[];
  ends: number[];
  bytes: Uint8Array;
}

/**
 * io.prometheus.write.v2.Request (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/): symbols = 4, timeseries = 5.
 * A series is known by the bytes of its labels' texts, which stay the same while their numbers change from request to
 * request.
 */
export function decodeWriteV2(bytes: Uint8Array, sink: Sink): void {
  const symbols = readSymbols(bytes);
  const reader = new ProtoReader(bytes);
  const keys = sink.keys("remote-write-2");
  while (reader.more) {
    const tag = reader.tag();
    if (tag !== 0x2a) {
      reader.skipField(tag);
      continue;
    }
    const outer = reader.enter();
    readSeries(reader, sink, keys, symbols);
    reader.leave(outer);
  }
}

function readSymbols(bytes: Uint8Array): Symbols {
  const reader = new ProtoReader(bytes);
  const symbols: Symbols = { starts: [], ends: [], bytes };
  while (reader.more) {
    const tag = reader.tag();
    if (tag !== 0x22) {
      reader.skipField(tag);
      continue;
    }
    const size = reader.varint();
    const start = reader.skip(size);
    symbols.starts.push(start);
    symbols.ends.push(start + size);
  }
  if (symbols.starts.length > 0 && symbols.starts[0] !== symbols.ends[0])
    throw new TypeError("the first symbol is not empty");
  return symbols;
}

const textAt = (symbols: Symbols, index: number) => {
  const start = symbols.starts[index];
  if (start === undefined) throw new TypeError("a symbol is referred to that is not there");
  return textOf(symbols.bytes, start, symbols.ends[index]);
};

/**
 * labels_refs = 1, samples = 2, histograms = 3, exemplars = 4, metadata = 5; created_timestamp = 6 where it was of the
 * series, before 2.0-rc.4.
 */
function readSeries(reader: ProtoReader, sink: Sink, keys: ByteKeys, symbols: Symbols): void {
  const start = reader.at;
  const refs: number[] = [];
  let created = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a || tag === 0x08) reader.numbers(tag, refs, () => reader.varint());
    else if (tag === 0x30) created = reader.int64();
    else reader.skipField(tag);
  }
  if (refs.length % 2 !== 0) throw new TypeError("a label has no value");
  const reference = referenceOf(refs, sink, keys, symbols);
  reader.at = start;
  let lost = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (reference < 0 && (tag === 0x12 || tag === 0x1a)) lost++;
    if (reference < 0) reader.skipField(tag);
    else if (tag === 0x12) readSample(reader, sink, reference, created);
    else if (tag === 0x1a) readHistogram(reader, sink, reference, created);
    else if (tag === 0x22) readExemplar(reader, sink, reference, symbols);
    else if (tag === 0x2a) readMetadata(reader, sink, refs, symbols);
    else reader.skipField(tag);
  }
  if (reference < 0) sink.batch.refuse("its series cannot be stored", "", lost);
}

let key = new Uint8Array(4096);
let keyView = new DataView(key.buffer);

function referenceOf(refs: readonly number[], sink: Sink, keys: ByteKeys, symbols: Symbols): number {
  const size = writeKey(refs, symbols);
  const known = keys.find(keyView, 0, size);
  if (known >= 0) return known;
  const reference = sink.reference(
    refs.map((index) => textAt(symbols, index)),
    0,
  );
  if (reference >= 0) keys.add(key, 0, size, reference);
  return reference;
}

/** Lengths stand before the texts, so that no two lists of labels have the same key. */
function writeKey(refs: readonly number[], { starts, ends, bytes }: Symbols): number {
  let size = 0;
  for (const index of refs) {
    const start = starts[index];
    const end = ends[index];
    if (start === undefined || end === undefined)
      throw new TypeError("a symbol is referred to that is not there");
    const length = end - start;
    if (size + length + 4 > key.length) {
      const larger = new Uint8Array((size + length + 4) * 2);
      larger.set(key);
      key = larger;
      keyView = new DataView(key.buffer);
    }
    keyView.setUint32(size, length, true);
    size += 4;
    if (length > 24) key.set(bytes.subarray(start, end), size);
    else for (let at = 0; at < length; at++) key[size + at] = bytes[start + at] ?? 0;
    size += length;
  }
  return size;
}

/** labels_refs = 1, value = 2, timestamp = 3. */
function readExemplar(reader: ProtoReader, sink: Sink, reference: number, symbols: Symbols): void {
  const outer = reader.enter();
  const refs: number[] = [];
  let [value, time] = [0, 0];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a || tag === 0x08) reader.numbers(tag, refs, () => reader.varint());
    else if (tag === 0x11) value = reader.double();
    else if (tag === 0x18) time = reader.int64();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  if (refs.length % 2 !== 0) throw new TypeError("a label has no value");
  const labels = refs.map((index) => textAt(symbols, index));
  sink.exemplar(reference, time, value, labels);
}

/** type = 1, help_ref = 3, unit_ref = 4; of the family that the series belongs to. */
function readMetadata(reader: ProtoReader, sink: Sink, refs: readonly number[], symbols: Symbols): void {
  const outer = reader.enter();
  let [type, help, unit] = [0, 0, 0];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) type = reader.varint();
    else if (tag === 0x18) help = reader.varint();
    else if (tag === 0x20) unit = reader.varint();
    else reader.skipField(tag);
  }
  reader.leave(outer);
  if (type === 0 && help === 0 && unit === 0) return;
  const nameAt = refs.findIndex((index, at) => at % 2 === 0 && textAt(symbols, index) === "__name__");
  sink.batch.metadata.push({
    name: familyOf(textAt(symbols, refs[nameAt + 1] ?? 0), type),
    type: metadataTypes[type] ?? "unknown",
    help: textAt(symbols, help),
    unit: textAt(symbols, unit),
  });
}

/** Classic histograms and summaries are several series of one family. */
function familyOf(name: string, type: number): string {
  return type >= 3 && type <= 5 ? name.replace(/_(bucket|sum|count)$/, "") : name;
}
