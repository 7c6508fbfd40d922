import type { LogRecord } from "@havn/model";
import { HavnError } from "@havn/model";
import { type Severity, severityNumbers, severityOf } from "../../logs/severity.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { malformed, openBatch, sealBatch } from "./envelope.ts";

/**
 * The body of a batch of logs: the number of rows, then each row as RowBinary would have it: time (uint64
 * nanoseconds), severity (uint8), service, instance, trace id, span id, body (strings), attributes (map of strings).
 * So the server copies rows into its segments without building them anew.
 */

/** What an agent sends of a line; its environment and host are the agent's own. */
export type AgentLogRecord = Omit<LogRecord, "environment" | "host">;

const longestBody = 64 * 1024;
const longestAttribute = 8 * 1024;
const mostAttributes = 64;
const latestTime = 2n ** 63n;

/** What an agent fills and sends. */
export class LogBuffer {
  #rows = new ByteWriter();
  size = 0;

  /** Bytes held, before compression. */
  get bytes(): number {
    return this.#rows.length;
  }

  add(record: AgentLogRecord): void {
    const rows = this.#rows;
    rows.uint64(BigInt(record.time));
    rows.byte(severityNumbers[record.severity]);
    rows.string(cut(record.service, longestAttribute));
    rows.string(cut(record.instance, longestAttribute));
    rows.string(cut(record.traceId, longestAttribute));
    rows.string(cut(record.spanId, longestAttribute));
    rows.string(cut(record.body, longestBody));
    const attributes = Object.entries(record.attributes).slice(0, mostAttributes);
    rows.varint(attributes.length);
    for (const [name, value] of attributes) {
      rows.string(cut(name, longestAttribute));
      rows.string(cut(value, longestAttribute));
    }
    this.size++;
  }

  encode(): Uint8Array {
    const body = new ByteWriter();
    body.varint(this.size);
    body.raw(this.#rows.view());
    return sealBatch("logs", body.view());
  }
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

export interface LogBatch {
  resent: boolean;
  rows: number;
  /** RowBinary: batch, row, time, environment, host, then the agent's columns. */
  segment: Uint8Array;
}

/** Columns of a segment of logs, in order. */
export const logColumns = [
  { name: "batch", type: "UInt64" },
  { name: "row", type: "UInt32" },
  { name: "Timestamp", type: "DateTime64(9, 'UTC')" },
  { name: "Environment", type: "LowCardinality(String)" },
  { name: "Host", type: "LowCardinality(String)" },
  { name: "SeverityNumber", type: "UInt8" },
  { name: "ServiceName", type: "LowCardinality(String)" },
  { name: "Instance", type: "LowCardinality(String)" },
  { name: "TraceId", type: "String" },
  { name: "SpanId", type: "String" },
  { name: "Body", type: "String" },
  { name: "LogAttributes", type: "Map(LowCardinality(String), String)" },
] as const;

/** Checks a batch and turns it into a segment's bytes. Throws a HavnError 400. */
export function decodeLogs(
  bytes: Uint8Array,
  source: { batchHash: bigint; environment: string; host: string },
): LogBatch {
  const { resent, body } = openBatch("logs", bytes);
  try {
    const place = new ByteWriter();
    place.string(source.environment);
    place.string(source.host);
    const segment = new ByteWriter();
    const rows = body.count(15);
    for (let row = 0; row < rows; row++) {
      const start = body.position;
      const time = skipRow(body);
      segment.uint64(source.batchHash);
      segment.uint32(row);
      segment.uint64(time);
      segment.raw(place.view());
      segment.raw(body.bytes.subarray(start + 8, body.position));
    }
    if (!body.done) throw new TypeError("bytes follow its end");
    return { resent, rows, segment: segment.view() };
  } catch (cause) {
    if (cause instanceof HavnError) throw cause;
    throw malformed("logs", (cause as Error).message, cause);
  }
}

/** Which batches a segment holds rows of, and the nanoseconds between which they lie. */
export function scanLogSegment(bytes: Uint8Array): { batches: Set<bigint>; from: bigint; to: bigint } {
  const reader = new ByteReader(bytes);
  const batches = new Set<bigint>();
  let from = latestTime;
  let to = 0n;
  while (!reader.done) {
    batches.add(reader.uint64());
    reader.skip(4);
    const time = reader.uint64();
    if (time < from) from = time;
    if (time > to) to = time;
    reader.skipString();
    reader.skipString();
    skipFields(reader);
  }
  return { batches, from, to };
}

function skipRow(body: ByteReader): bigint {
  const time = body.uint64();
  if (time >= latestTime) throw new TypeError("a line's time is too large");
  skipFields(body);
  return time;
}

function skipFields(body: ByteReader): void {
  const severity = body.byte();
  if (severity < 1 || severity > 24) throw new TypeError(`a line's severity is ${severity}, not 1 to 24`);
  for (let strings = 0; strings < 5; strings++) body.skipString();
  const attributes = body.count(2);
  for (let strings = 0; strings < attributes * 2; strings++) body.skipString();
}

/** The lines of a batch that was decoded before, as objects: for those who follow. */
export function readLogRecords(
  bytes: Uint8Array,
  source: { environment: string; host: string },
): LogRecord[] {
  const { body } = openBatch("logs", bytes);
  const records: LogRecord[] = new Array(body.count(15));
  for (let row = 0; row < records.length; row++) {
    const time = body.uint64().toString();
    const severity: Severity = severityOf(body.byte());
    const [service, instance, traceId, spanId, text] = Array.from({ length: 5 }, () => body.string());
    const attributes: Record<string, string> = {};
    for (let left = body.varint(); left > 0; left--) {
      const name = body.string();
      attributes[name] = body.string();
    }
    records[row] = {
      ...{ time, ...source, service: service ?? "", instance: instance ?? "", severity, body: text ?? "" },
      ...{ traceId: traceId ?? "", spanId: spanId ?? "", attributes },
    };
  }
  return records;
}
