import { ProtoReader } from "../protobuf.ts";

/**
 * OTLP's messages (https://github.com/open-telemetry/opentelemetry-proto), as far as they are read here, by field number.
 * Decoded they look as in OTLP's JSON form, so that both forms are one from there on.
 */
type Kind = "text" | "double" | "int" | "uint" | "zigzag" | "fixed" | "sfixed" | "bool" | "hex" | Message;
interface FieldOf {
  name: string;
  kind: Kind;
  repeated?: true;
}
type Message = () => Readonly<Record<number, FieldOf>>;

const one = (name: string, kind: Kind): FieldOf => ({ name, kind });
const many = (name: string, kind: Kind): FieldOf => ({ name, kind, repeated: true });

const anyValue: Message = () => ({
  1: one("stringValue", "text"),
  2: one("boolValue", "bool"),
  3: one("intValue", "int"),
  4: one("doubleValue", "double"),
  5: one("arrayValue", () => ({ 1: many("values", anyValue) })),
  6: one("kvlistValue", () => ({ 1: many("values", keyValue) })),
  7: one("bytesValue", "hex"),
});
const keyValue: Message = () => keyValueFields;
const keyValueFields = { 1: one("key", "text"), 2: one("value", anyValue) };

const resourceFields = { 1: many("attributes", keyValue) };
const scopeFields = { 1: one("name", "text"), 2: one("version", "text") };

const exemplarFields = {
  2: one("timeUnixNano", "fixed"),
  3: one("asDouble", "double"),
  4: one("spanId", "hex"),
  5: one("traceId", "hex"),
  6: one("asInt", "sfixed"),
  7: many("filteredAttributes", keyValue),
};
const exemplar: Message = () => exemplarFields;

const numberFields = {
  2: one("startTimeUnixNano", "fixed"),
  3: one("timeUnixNano", "fixed"),
  4: one("asDouble", "double"),
  5: many("exemplars", exemplar),
  6: one("asInt", "sfixed"),
  7: many("attributes", keyValue),
  8: one("flags", "uint"),
};

const histogramFields = {
  2: one("startTimeUnixNano", "fixed"),
  3: one("timeUnixNano", "fixed"),
  4: one("count", "fixed"),
  5: one("sum", "double"),
  6: many("bucketCounts", "fixed"),
  7: many("explicitBounds", "double"),
  8: many("exemplars", exemplar),
  9: many("attributes", keyValue),
  10: one("flags", "uint"),
};

const bucketsFields = { 1: one("offset", "zigzag"), 2: many("bucketCounts", "uint") };

const exponentialFields = {
  1: many("attributes", keyValue),
  2: one("startTimeUnixNano", "fixed"),
  3: one("timeUnixNano", "fixed"),
  4: one("count", "fixed"),
  5: one("sum", "double"),
  6: one("scale", "zigzag"),
  7: one("zeroCount", "fixed"),
  8: one("positive", () => bucketsFields),
  9: one("negative", () => bucketsFields),
  10: one("flags", "uint"),
  11: many("exemplars", exemplar),
  14: one("zeroThreshold", "double"),
};

const summaryFields = {
  2: one("startTimeUnixNano", "fixed"),
  3: one("timeUnixNano", "fixed"),
  4: one("count", "fixed"),
  5: one("sum", "double"),
  6: many("quantileValues", () => quantileFields),
  7: many("attributes", keyValue),
  8: one("flags", "uint"),
};
const quantileFields = { 1: one("quantile", "double"), 2: one("value", "double") };

const pointsOf = (point: Readonly<Record<number, FieldOf>>) => ({
  1: many("dataPoints", () => point),
  2: one("aggregationTemporality", "uint"),
  3: one("isMonotonic", "bool"),
});
const [gauges, histograms] = [pointsOf(numberFields), pointsOf(histogramFields)];
const [exponentials, summaries] = [pointsOf(exponentialFields), pointsOf(summaryFields)];

const metricFields = {
  1: one("name", "text"),
  2: one("description", "text"),
  3: one("unit", "text"),
  5: one("gauge", () => gauges),
  7: one("sum", () => gauges),
  9: one("histogram", () => histograms),
  10: one("exponentialHistogram", () => exponentials),
  11: one("summary", () => summaries),
};

const logFields = {
  1: one("timeUnixNano", "fixed"),
  2: one("severityNumber", "uint"),
  3: one("severityText", "text"),
  5: one("body", anyValue),
  6: many("attributes", keyValue),
  9: one("traceId", "hex"),
  10: one("spanId", "hex"),
  11: one("observedTimeUnixNano", "fixed"),
};

const scopeMetrics = { 1: one("scope", () => scopeFields), 2: many("metrics", () => metricFields) };
const scopeLogs = { 1: one("scope", () => scopeFields), 2: many("logRecords", () => logFields) };
const resource = one("resource", () => resourceFields);
const resourceMetrics = { 1: resource, 2: many("scopeMetrics", () => scopeMetrics) };
const resourceLogs = { 1: resource, 2: many("scopeLogs", () => scopeLogs) };

export const metricsRequest: Message = () => ({ 1: many("resourceMetrics", () => resourceMetrics) });
export const logsRequest: Message = () => ({ 1: many("resourceLogs", () => resourceLogs) });

const deepest = 32;

/** Throws a TypeError for bytes that are no such message. */
export function decodeOtlp(bytes: Uint8Array, message: Message): Record<string, unknown> {
  return readMessage(new ProtoReader(bytes), message(), 0);
}

function readMessage(
  reader: ProtoReader,
  fields: Readonly<Record<number, FieldOf>>,
  depth: number,
): Record<string, unknown> {
  if (depth > deepest) throw new TypeError("a value is nested too deeply");
  const read: Record<string, unknown> = {};
  while (reader.more) {
    const tag = reader.tag();
    const field = fields[Math.floor(tag / 8)];
    if (!field) {
      reader.skipField(tag);
      continue;
    }
    if (!field.repeated) {
      read[field.name] = readValue(reader, field.kind, depth);
      continue;
    }
    const list = (read[field.name] ?? []) as unknown[];
    read[field.name] = list;
    const isPacked = (tag & 7) === 2 && typeof field.kind === "string" && field.kind !== "text";
    if (!isPacked) list.push(readValue(reader, field.kind, depth));
    else {
      const outer = reader.enter();
      while (reader.more) list.push(readValue(reader, field.kind, depth));
      reader.leave(outer);
    }
  }
  return read;
}

function readValue(reader: ProtoReader, kind: Kind, depth: number): unknown {
  if (typeof kind === "function") {
    const outer = reader.enter();
    const value = readMessage(reader, kind(), depth + 1);
    reader.leave(outer);
    return value;
  }
  switch (kind) {
    case "text":
      return reader.string();
    case "double":
      return reader.double();
    case "int":
      return reader.int64();
    case "uint":
      return reader.varint();
    case "zigzag":
      return reader.zigzag();
    case "fixed":
      return reader.fixed64();
    case "sfixed":
      return BigInt.asIntN(64, reader.fixed64());
    case "bool":
      return reader.varint() !== 0;
    case "hex":
      return Buffer.from(reader.chunk()).toString("hex");
  }
}
