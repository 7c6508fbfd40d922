import type { Labels } from "@havn/model";
import type { Histogram, Matcher } from "@havn/promql";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import { ProtoReader } from "../protocols/protobuf.ts";

// prometheus.ReadRequest and its answers (https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto).

export interface ReadQuery {
  start: number;
  end: number;
  matchers: Matcher[];
}

export type ResponseType = "samples" | "chunks";

export interface ReadRequest {
  queries: ReadQuery[];
  /** The most wanted first. */
  accepted: ResponseType[];
}

/** Of queries in a request, and of matchers in a query: each costs memory, and a search. */
const most = 100;

/** queries = 1, accepted_response_types = 2. Throws a TypeError. */
export function decodeRequest(bytes: Uint8Array): ReadRequest {
  const reader = new ProtoReader(bytes);
  const request: ReadRequest = { queries: [], accepted: [] };
  const types: number[] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) {
      if (request.queries.length === most) throw new TypeError(`more than ${most} queries`);
      request.queries.push(readQuery(reader));
    } else if (tag >>> 3 === 2) reader.numbers(tag, types, () => reader.varint());
    else reader.skipField(tag);
  }
  for (const type of types)
    if (type === 0 || type === 1) request.accepted.push(type === 0 ? "samples" : "chunks");
  if (types.length === 0) request.accepted.push("samples");
  return request;
}

const operators = ["=", "!=", "=~", "!~"] as const;

/** start_timestamp_ms = 1, end_timestamp_ms = 2, matchers = 3 (type = 1, name = 2, value = 3). */
function readQuery(reader: ProtoReader): ReadQuery {
  const outer = reader.enter();
  const query: ReadQuery = { start: 0, end: 0, matchers: [] };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) query.start = reader.int64();
    else if (tag === 0x10) query.end = reader.int64();
    else if (tag === 0x1a) {
      const inner = reader.enter();
      let [type, name, value] = [0, "", ""];
      while (reader.more) {
        const field = reader.tag();
        if (field === 0x08) type = reader.varint();
        else if (field === 0x12) name = reader.string();
        else if (field === 0x1a) value = reader.string();
        else reader.skipField(field);
      }
      reader.leave(inner);
      const operator = operators[type];
      if (!operator) throw new TypeError(`matcher type ${type} is not known`);
      if (query.matchers.length === most) throw new TypeError(`more than ${most} matchers in a query`);
      query.matchers.push({ name, operator, value });
    } else reader.skipField(tag);
  }
  reader.leave(outer);
  return query;
}

/** A message of protobuf in the making. */
export class Message {
  readonly writer = new ByteWriter(256);

  bytes(field: number, bytes: Uint8Array): this {
    this.writer.varint(field * 8 + 2);
    this.writer.varint(bytes.length);
    this.writer.raw(bytes);
    return this;
  }

  text(field: number, text: string): this {
    this.writer.varint(field * 8 + 2);
    this.writer.string(text);
    return this;
  }

  /** Not negative. */
  number(field: number, value: number): this {
    this.writer.varint(field * 8);
    this.writer.varint(value);
    return this;
  }

  zigzag(field: number, value: number): this {
    return this.number(field, value >= 0 ? value * 2 : value * -2 - 1);
  }

  /** As bits, so that markers stay exact. */
  double(field: number, bits: bigint): this {
    this.writer.varint(field * 8 + 1);
    this.writer.uint64(bits);
    return this;
  }

  view(): Uint8Array {
    return this.writer.view();
  }
}

/** labels = 1: name = 1, value = 2; names ascending. */
export function writeLabels(message: Message, labels: Labels): void {
  for (const name of Object.keys(labels).sort())
    message.bytes(
      1,
      new Message()
        .text(1, name)
        .text(2, labels[name] ?? "")
        .view(),
    );
}

/** As Prometheus orders series: by names and values in turn. */
export function compareLabels(a: Labels, b: Labels): number {
  const [mine, other] = [Object.keys(a).sort(), Object.keys(b).sort()];
  for (const [at, name] of mine.entries()) {
    const second = other[at];
    if (second === undefined) return 1;
    if (name !== second) return name < second ? -1 : 1;
    const [left = "", right = ""] = [a[name], b[name]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return mine.length - other.length;
}

const bitsOf = (value: number): bigint => {
  doubles[0] = value;
  return bits[0] ?? 0n;
};
const doubles = new Float64Array(1);
const bits = new BigUint64Array(doubles.buffer);

const hints = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

/** prometheus.Histogram with counts as floats; see protocols/remote-write/histogram.ts for its fields. */
export function histogramMessage(histogram: Histogram, time: number): Uint8Array {
  const message = new Message()
    .double(2, bitsOf(histogram.count))
    .double(3, bitsOf(histogram.sum))
    .zigzag(4, histogram.schema)
    .double(5, bitsOf(histogram.zeroThreshold))
    .double(7, bitsOf(histogram.zeroCount));
  for (const [side, field] of [
    [histogram.negative, 8],
    [histogram.positive, 11],
  ] as const) {
    let next = 0;
    for (const [at, index] of side.indexes.entries()) {
      // Each bucket is a run of its own: offset from the end of the one before, and its length.
      message.bytes(
        field,
        new Message()
          .zigzag(1, index - next)
          .number(2, 1)
          .view(),
      );
      next = index + 1;
      message.double(field + 2, bitsOf(side.counts[at] ?? 0));
    }
  }
  message.number(14, hints[histogram.hint]).number(15, time);
  for (const bound of histogram.customBounds) message.double(16, bitsOf(bound));
  return message.view();
}
