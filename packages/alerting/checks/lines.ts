import type { CheckResult, LogRecord } from "@havn/model";

/** A line that a check said beyond its first. */
export interface CheckLine {
  instance: string;
  line: string;
  severity: LogRecord["severity"];
}

/** Long output as lines of the log, for whoever runs a check or is told of one. */
export function linesOf(
  name: string,
  { state }: Pick<CheckResult, "state">,
  long: string | undefined,
): CheckLine[] {
  const severity = state === "ok" ? "info" : state === "warning" ? "warn" : "error";
  const lines = (long ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => ({ instance: `check ${name}`, line, severity }));
}
