import type { LogRecord } from "@havn/model";

export type Severity = LogRecord["severity"];

/** OpenTelemetry's severity numbers: each name has four, of which the first is the plain one. */
export const severityNumbers: Readonly<Record<Severity, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

const names = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Of a number from 1 to 24. */
export function severityOf(number: number): Severity {
  return names[Math.min(5, Math.max(0, Math.floor((number - 1) / 4)))] ?? "info";
}
