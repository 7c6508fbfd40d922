import type { Param } from "@havn/clickhouse";
import type { Matcher, TimeRange } from "@havn/promql/querier";

export interface Condition {
  sql: string;
  params: Record<string, Param>;
}

const dayMs = 86_400_000;
const lastDay = 65_535;

/** Rows of the table `series` that match every matcher of any set, on the days of the range. */
export function seriesCondition(sets: readonly (readonly Matcher[])[], range: TimeRange): Condition {
  const params: Record<string, Param> = {};
  const param = (text: string) => {
    const name = `p${Object.keys(params).length}`;
    params[name] = text;
    return `{${name}:String}`;
  };
  const alternatives = sets.map((matchers) => {
    const terms = matchers.map((matcher) => matcherSql(matcher, param));
    return terms.length > 0 ? `(${terms.join(" AND ")})` : "1";
  });
  const days = `day BETWEEN toDate(${dayOf(range.start)}) AND toDate(${dayOf(range.end)})`;
  return { sql: alternatives.length > 0 ? `${days} AND (${alternatives.join(" OR ")})` : days, params };
}

function matcherSql({ name, operator, value }: Matcher, param: (text: string) => string): string {
  // A label that is absent has the empty value, which is what a map gives for a missing key.
  const column = name === "__name__" ? "name" : `labels[${param(name)}]`;
  switch (operator) {
    case "=":
      return `${column} = ${param(value)}`;
    case "!=":
      return `${column} != ${param(value)}`;
    case "=~":
      return expressionSql(column, value, param);
    case "!~":
      return `NOT (${expressionSql(column, value, param)})`;
  }
}

const literal = /^[\w\-:/ @%&=,;"'<>~!#]*$/;

/** What most regular expressions in selectors are is found by comparing, which an index can do. */
function expressionSql(column: string, pattern: string, param: (text: string) => string): string {
  const words = pattern.replace(/^\(([^()]*)\)$/, "$1").split("|");
  if (words.every((word) => literal.test(word)))
    return words.length === 1
      ? `${column} = ${param(words[0] ?? "")}`
      : `${column} IN (${words.map(param).join(", ")})`;
  if (pattern === ".*") return "1";
  if (pattern === ".+") return `${column} != ''`;
  const prefix = pattern.endsWith(".*") ? pattern.slice(0, -2) : undefined;
  if (prefix && literal.test(prefix)) return `startsWith(${column}, ${param(prefix)})`;
  return `match(${column}, ${param(anchored(pattern))})`;
}

/** As Prometheus anchors them; both engines take RE2's syntax. */
function anchored(pattern: string): string {
  return `^(?s:${pattern})$`;
}

/** The day since 1970 that rows of the table `series` have for a time. */
export function dayOf(milliseconds: number): number {
  return Math.min(lastDay, Math.max(0, Math.floor(milliseconds / dayMs)));
}
