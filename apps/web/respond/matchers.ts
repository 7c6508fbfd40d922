import type { SilenceMatcher } from "../kit/respond-api.ts";

export type Operator = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  name: string;
  operator: Operator;
  value: string;
}

export const operators: readonly Operator[] = ["=", "!=", "=~", "!~"];

const one = /^\s*([A-Za-z_][\w]*)\s*(=~|!~|!=|=)\s*(?:"((?:\\.|[^"\\])*)"|([^",{}]*?))\s*(?:,|$)/s;

/** `severity="critical", host=~"web-.*"`, with or without braces; undefined for what is no list of matchers. */
export function parseMatchers(text: string): Matcher[] | undefined {
  let rest = text.trim().replace(/^\{(.*)\}$/s, "$1");
  const found: Matcher[] = [];
  while (rest.trim() !== "") {
    const match = one.exec(rest);
    const [whole = "", name = "", operator = "", quoted, bare] = match ?? [];
    if (!match) return undefined;
    const value = quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/gs, unescaped);
    found.push({ name, operator: operator as Operator, value });
    rest = rest.slice(whole.length);
  }
  return found.every(readable) ? found : undefined;
}

const unescaped = (_: string, character: string) => (character === "n" ? "\n" : character);

function readable({ operator, value }: Matcher): boolean {
  if (!operator.endsWith("~")) return true;
  try {
    new RegExp(`^(?:${value})$`, "s");
    return true;
  } catch {
    return false;
  }
}

export const writeMatcher = ({ name, operator, value }: Matcher): string =>
  `${name}${operator}${JSON.stringify(value)}`;

/** A label that is not there has the empty value. */
export function matchesAll(matchers: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => matches(matcher, labels[matcher.name] ?? ""));
}

function matches({ operator, value }: Matcher, actual: string): boolean {
  switch (operator) {
    case "=":
      return actual === value;
    case "!=":
      return actual !== value;
    case "=~":
      return new RegExp(`^(?:${value})$`, "s").test(actual);
    case "!~":
      return !new RegExp(`^(?:${value})$`, "s").test(actual);
  }
}

export const toSilence = ({ name, operator, value }: Matcher): SilenceMatcher => ({
  ...{ name, value, isRegex: operator.endsWith("~"), isEqual: operator.startsWith("=") },
});

export const fromSilence = ({ name, value, isRegex, isEqual }: SilenceMatcher): Matcher => ({
  ...{ name, value, operator: isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!=" },
});

const most = 30;

/** Matchers that cover all of these alerts and as little else as labels can say. */
export function covering(all: readonly Readonly<Record<string, string>>[]): Matcher[] {
  const [first = {}, ...others] = all;
  return Object.keys(first)
    .filter((name) => others.every((labels) => labels[name] !== undefined))
    .sort(byImportance)
    .flatMap((name): Matcher[] => {
      const values = [...new Set(all.map((labels) => labels[name] ?? ""))];
      const [value = ""] = values;
      if (values.length === 1) return [{ name, operator: "=", value }];
      if (values.length > most) return [];
      return [{ name, operator: "=~", value: values.sort().map(escaped).join("|") }];
    });
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const first = ["alertname", "env", "severity", "service", "host"];
export const byImportance = (a: string, b: string): number => {
  const [left, right] = [first.indexOf(a), first.indexOf(b)];
  if (left !== right && (left >= 0 || right >= 0))
    return (left < 0 ? first.length : left) - (right < 0 ? first.length : right);
  return a < b ? -1 : a > b ? 1 : 0;
};
