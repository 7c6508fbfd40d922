import { type AnchoredRegexp, compileRegexp } from "@havn/model/regexp";
import type { Matcher } from "./querier.ts";

/**
 * A regular expression in Go's syntax that matches the whole text; `.` also matches a line feed, as in Prometheus'
 * matchers. Throws a SyntaxError for what cannot be read.
 */
export const compileAnchored = (pattern: string): AnchoredRegexp => compileRegexp(pattern);

/** Throws a SyntaxError where the matcher's regular expression cannot be read. */
export function matchesValue(actual: string, { operator, value }: Omit<Matcher, "name">): boolean {
  switch (operator) {
    case "=":
      return actual === value;
    case "!=":
      return actual !== value;
    case "=~":
      return compileAnchored(value).test(actual);
    case "!~":
      return !compileAnchored(value).test(actual);
  }
}
