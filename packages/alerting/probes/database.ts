import type { Measure } from "./measure.ts";
import type { Attempt } from "./probe.ts";

/** What a database answered, as a check's result: the first value of a query, and how long all of it took. */
export function databaseAttempt(
  probe: { query?: string | undefined; expect?: string | undefined },
  found: { version: string; value: string | undefined; tookMs: number },
): Attempt {
  const measures: Measure[] = [{ label: "time", value: found.tookMs / 1000, unit: "s" }];
  if (probe.query === undefined) return { state: "ok", output: found.version, measures };
  const { value } = found;
  const number = value === undefined || value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(number)) measures.push({ label: "value", value: number, unit: "" });
  const shown = value === undefined ? "no row" : `"${value.slice(0, 200)}"`;
  if (probe.expect !== undefined && value !== probe.expect)
    return { state: "critical", output: `the query gave ${shown}, not "${probe.expect}"`, measures };
  return { state: "ok", output: `the query gave ${shown}`, measures };
}
