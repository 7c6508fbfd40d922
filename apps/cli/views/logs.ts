import type { LogRecord } from "@havn/model";
import { printable, type Style } from "../kit/style.ts";
import { localTime, paintSeverity } from "./words.ts";

/** One log line: when, where, how bad, what. */
export function logLine({ time, host, service, severity, body }: LogRecord, style: Style): string {
  const at = localTime(Number(BigInt(time) / 1_000_000n), "millisecond");
  const from = service === "" ? host : `${service}@${host}`;
  return `${style.dim(at)} ${style.cyan(from)} ${paintSeverity(severity, severity.padEnd(5), style)} ${printable(body)}`;
}
