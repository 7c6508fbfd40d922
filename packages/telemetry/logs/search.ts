import type { ClickHouse, Param } from "@havn/clickhouse";
import type { LogRecord } from "@havn/model";
import { ByteReader } from "../protocols/agent/bytes.ts";
import { type Severity, severityNumbers, severityOf } from "./severity.ts";

export interface LogQuery {
  environment: string;
  service?: string | undefined;
  host?: string | undefined;
  instance?: string | undefined;
  traceId?: string | undefined;
  /** Milliseconds since the epoch; both inclusive. */
  since?: number | undefined;
  until?: number | undefined;
  /** Part of the line, in any case. */
  contains?: string | undefined;
  /** This severity or a worse one. */
  severity?: Severity | undefined;
  /** The newest so many. */
  limit: number;
}

/** Spans of time, one after the other: each begins after its start and ends with its end. Milliseconds. */
export interface LogSpans {
  start: number;
  step: number;
  count: number;
}

/** How many lines match in each span, by service and host; those without any are left out. */
export async function countLogs(
  clickhouse: ClickHouse,
  { lines, spans }: { lines: Omit<LogQuery, "since" | "until" | "limit">; spans: LogSpans },
  signal: AbortSignal,
): Promise<{ labels: Record<string, string>; counts: Float64Array }[]> {
  const { start, step, count } = spans;
  const { where, params } = conditionOf({ ...lines, since: start + 1, until: start + step * count });
  const rows = await clickhouse.rows<{ service: string; host: string; span: string; lines: string }>(
    `SELECT ServiceName AS service, Host AS host, toString(count()) AS lines,
       toString(intDiv(toUnixTimestamp64Milli(Timestamp) - {start:Int64} - 1, {step:Int64})) AS span
     FROM logs WHERE ${where} GROUP BY service, host, span ORDER BY service, host`,
    { params: { ...params, start: Math.floor(start), step: Math.floor(step) }, signal },
  );
  const found = new Map<string, { labels: Record<string, string>; counts: Float64Array }>();
  for (const { service, host, span, lines: many } of rows) {
    const key = `${service}\0${host}`;
    const own = found.get(key) ?? {
      labels: { ...(service && { service }), ...(host && { host }) },
      counts: new Float64Array(count),
    };
    own.counts[Number(span)] = Number(many);
    found.set(key, own);
  }
  return [...found.values()];
}

/** The newest lines that match, oldest first. */
export async function searchLogs(
  clickhouse: ClickHouse,
  query: LogQuery,
  signal?: AbortSignal,
): Promise<LogRecord[]> {
  const { where, params } = conditionOf(query);
  const bytes = await clickhouse.query(
    `SELECT toUnixTimestamp64Nano(Timestamp), Environment, Host, SeverityNumber, ServiceName, Instance, TraceId, SpanId, Body, LogAttributes
     FROM logs WHERE ${where} ORDER BY Timestamp DESC, batch DESC, row DESC LIMIT ${query.limit}`,
    { params, format: "RowBinary", ...(signal && { signal }) },
  );
  return decodeRecords(new ByteReader(bytes)).reverse();
}

function conditionOf(query: Omit<LogQuery, "limit">): { where: string; params: Record<string, Param> } {
  const params: Record<string, Param> = {};
  const terms: string[] = [];
  const where = (sql: string, name: string, value: Param | undefined) => {
    if (value === undefined) return;
    params[name] = value;
    terms.push(sql);
  };
  where("Environment = {environment:String}", "environment", query.environment);
  where("ServiceName = {service:String}", "service", query.service);
  where("Host = {host:String}", "host", query.host);
  where("Instance = {instance:String}", "instance", query.instance);
  where("TraceId = {trace:String}", "trace", query.traceId);
  where("Timestamp >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')", "since", whole(query.since));
  where("Timestamp < fromUnixTimestamp64Milli({until:Int64}, 'UTC')", "until", whole(query.until, 1));
  where("lower(Body) LIKE {contains:String}", "contains", query.contains && likePattern(query.contains));
  where("SeverityNumber >= {severity:UInt8}", "severity", query.severity && severityNumbers[query.severity]);
  return { where: terms.join(" AND "), params };
}

function whole(milliseconds: number | undefined, more = 0): number | undefined {
  return milliseconds === undefined ? undefined : Math.floor(milliseconds) + more;
}

function likePattern(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
}

function decodeRecords(reader: ByteReader): LogRecord[] {
  const records: LogRecord[] = [];
  while (!reader.done)
    records.push({
      time: reader.uint64().toString(),
      environment: reader.string(),
      host: reader.string(),
      severity: severityOf(reader.byte()),
      service: reader.string(),
      instance: reader.string(),
      traceId: reader.string(),
      spanId: reader.string(),
      body: reader.string(),
      attributes: readMap(reader),
    });
  return records;
}

function readMap(reader: ByteReader): Record<string, string> {
  const map: Record<string, string> = {};
  for (let left = reader.varint(); left > 0; left--) {
    const name = reader.string();
    map[name] = reader.string();
  }
  return map;
}
