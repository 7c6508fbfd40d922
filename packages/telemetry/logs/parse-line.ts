import type { Severity } from "./severity.ts";

export interface ParsedLine {
  severity: Severity;
  body: string;
  traceId: string;
  spanId: string;
  attributes: Record<string, string>;
}

const severityFields = ["severity", "level", "lvl", "severity_text", "severityText", "log.level", "loglevel"];
const bodyFields = ["msg", "message", "body", "event", "text"];
const traceFields = ["trace_id", "traceId", "traceID", "trace.id", "otelTraceID"];
const spanFields = ["span_id", "spanId", "spanID", "span.id", "otelSpanID"];

/**
 * Reads one line of a program's output. A JSON object is taken apart: its severity, message, trace and span under
 * the names that loggers use, everything else as attributes. Any other line is the body as it stands.
 */
export function parseLogLine(line: string, severity: Severity = "info"): ParsedLine {
  const fields = parseObject(line);
  if (!fields) return { severity, body: line, traceId: "", spanId: "", attributes: {} };
  const take = (names: readonly string[]): unknown => {
    const name = names.find((each) => fields.get(each) !== undefined && fields.get(each) !== null);
    if (name === undefined) return undefined;
    const value = fields.get(name);
    fields.delete(name);
    return value;
  };
  const found = parseSeverity(take(severityFields)) ?? severity;
  const body = take(bodyFields);
  const traceId = textOf(take(traceFields));
  const spanId = textOf(take(spanFields));
  const attributes: Record<string, string> = {};
  for (const [name, value] of fields) flatten(attributes, name, value);
  return { severity: found, body: body === undefined ? line : textOf(body), traceId, spanId, attributes };
}

function parseObject(line: string): Map<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return new Map(Object.entries(JSON.parse(line) as Record<string, unknown>));
  } catch {
    return undefined;
  }
}

/** Objects become dotted names; what is deeper than two levels, and arrays, stay JSON. */
function flatten(into: Record<string, string>, name: string, value: unknown, depth = 0): void {
  if (value === null || value === undefined) return;
  if (typeof value === "object" && !Array.isArray(value) && depth < 2)
    for (const [inner, innerValue] of Object.entries(value))
      flatten(into, `${name}.${inner}`, innerValue, depth + 1);
  else into[name] = textOf(value);
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const words: Record<string, Severity> = {
  trace: "trace",
  verbose: "trace",
  finest: "trace",
  debug: "debug",
  fine: "debug",
  info: "info",
  information: "info",
  informational: "info",
  notice: "info",
  log: "info",
  warn: "warn",
  warning: "warn",
  err: "error",
  error: "error",
  severe: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  alert: "fatal",
  emerg: "fatal",
  emergency: "fatal",
  panic: "fatal",
};

/** Words of the common loggers, and numbers as pino and bunyan write them (10 trace to 60 fatal). */
export function parseSeverity(value: unknown): Severity | undefined {
  if (typeof value === "string") return words[value.toLowerCase()];
  if (typeof value !== "number") return undefined;
  return (["trace", "debug", "info", "warn", "error", "fatal"] as const)[
    Math.min(5, Math.floor(value / 10) - 1)
  ];
}

/** Of syslog's priorities, 0 to 7, as journald keeps them. */
export function severityOfPriority(priority: number): Severity {
  if (priority <= 2) return "fatal";
  if (priority === 3) return "error";
  if (priority === 4) return "warn";
  return priority === 7 ? "debug" : "info";
}
