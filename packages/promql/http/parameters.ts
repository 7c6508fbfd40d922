import { findDuration } from "@havn/model";
import { z } from "zod";
import { PromqlError } from "../errors.ts";
import { type Dialect, dialects } from "../parser/dialect.ts";

const single = z.string().optional();
const repeated = z.union([z.string(), z.array(z.string())]).optional();

/** What the routes read, from the address or from a form. Times and durations stay text here: both have two forms. */
export const parameters = z.object({
  query: single.describe("PromQL"),
  time: single.describe("RFC 3339 or Unix seconds"),
  start: single.describe("RFC 3339 or Unix seconds"),
  end: single.describe("RFC 3339 or Unix seconds"),
  step: single.describe('a duration such as "15s", or seconds'),
  timeout: single.describe("a duration or seconds"),
  lookback_delta: single.describe("a duration or seconds: how old a sample may be"),
  dialect: single.describe(
    `promql (where unset) or metricsql: WITH templates, and rates as VictoriaMetrics has them`,
  ),
  stats: single.describe('"all" tells samples a step too; anything else but nothing what the query took'),
  explain: single.describe("true tells which part of the query ran where"),
  limit: single.describe("most series or values that come back; 0 is no limit"),
  "match[]": repeated.describe("series selector; may be given several times"),
});
export type Parameters = z.infer<typeof parameters>;
type TextName = Exclude<keyof Parameters, "match[]">;

const invalid = (name: string, why: string) =>
  new PromqlError("bad_data", `invalid parameter ${JSON.stringify(name)}: ${why}`);

/** Milliseconds since the epoch. */
export function timeOf(from: Parameters, name: TextName, fallback?: number): number {
  const text = from[name];
  if (text === undefined || text === "") {
    if (fallback !== undefined) return fallback;
    throw invalid(name, `cannot parse "" to a valid timestamp`);
  }
  const seconds = Number(text);
  const milliseconds = Number.isNaN(seconds) ? rfc3339(text) : Math.round(seconds * 1000);
  // What the Date type cannot hold is no time that was ever sampled.
  if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15)
    throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return milliseconds;
}

function rfc3339(text: string): number {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
  return shape.test(text) ? Date.parse(text) : Number.NaN;
}

/** Milliseconds; undefined where it is not given. */
export function findDurationOf(from: Parameters, name: TextName): number | undefined {
  const text = from[name];
  if (text === undefined || text === "") return undefined;
  const seconds = Number(text);
  const milliseconds = Number.isNaN(seconds) ? findDuration(text) : seconds * 1000;
  if (milliseconds === undefined || !Number.isFinite(milliseconds))
    throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  return Math.round(milliseconds);
}

export function limitOf(from: Parameters): number {
  const text = from.limit;
  if (text === undefined || text === "") return Number.POSITIVE_INFINITY;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw invalid("limit", "limit must be non-negative");
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

export function matchTexts(from: Parameters): string[] {
  const given = from["match[]"];
  return given === undefined ? [] : [given].flat();
}

export { invalid as invalidParameter };

/** Which language the query is in. */
export function dialectOf({ dialect = "" }: Parameters): Dialect {
  if (dialect === "") return "promql";
  const found = dialects.find((name) => name === dialect);
  if (!found) throw invalid("dialect", `${JSON.stringify(dialect)} is none of ${dialects.join(", ")}`);
  return found;
}
