import { HavnError, type Labels } from "@havn/model";
import { compileAnchored } from "@havn/promql";

export interface Matcher {
  name: string;
  operator: "=" | "!=" | "=~" | "!~";
  value: string;
}

const oneMatcher = /^\s*([A-Za-z_][A-Za-z0-9_]*|"(?:\\.|[^"\\])*")\s*(=~|!~|!=|=)\s*(.*?)\s*$/s;

/** `severity="critical"` or `severity=critical`, as Alertmanager and amtool write it. Throws a HavnError (400). */
export function parseMatcher(text: string): Matcher {
  const found = oneMatcher.exec(text);
  const value = found ? unquote(found[3] ?? "") : undefined;
  if (!found || value === undefined)
    throw new HavnError(`"${text}" is no matcher`, {
      status: 400,
      detail: 'Write for example severity="critical" or service=~"shop|blog".',
    });
  const matcher: Matcher = {
    name: unquote(found[1] ?? "") ?? "",
    operator: found[2] as Matcher["operator"],
    value,
  };
  try {
    if (matcher.operator.endsWith("~")) compileAnchored(value);
  } catch (cause) {
    throw new HavnError(`The regular expression of ${text} cannot be read`, {
      status: 400,
      detail: cause instanceof Error ? cause.message : String(cause),
    });
  }
  return matcher;
}

/** Text in quotes with Go's escapes, or bare text; undefined where a quote is missing. */
function unquote(text: string): string | undefined {
  if (!text.startsWith('"')) return /["]/.test(text) ? undefined : text;
  if (!/^"(?:\\.|[^"\\])*"$/s.test(text)) return undefined;
  return text
    .slice(1, -1)
    .replace(/\\(.)/gs, (_whole, escaped: string) =>
      escaped === "n" ? "\n" : /["\\]/.test(escaped) ? escaped : `\\${escaped}`,
    );
}

export const formatMatcher = ({ name, operator, value }: Matcher): string =>
  `${name}${operator}${JSON.stringify(value)}`;

/** A label that is not there has the empty value, as in Prometheus. */
export function matches({ name, operator, value }: Matcher, labels: Labels): boolean {
  // A label may be called "constructor"; what every object has is none.
  const actual = (Object.hasOwn(labels, name) && labels[name]) || "";
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

export const matchesAll = (matchers: readonly Matcher[], labels: Labels): boolean =>
  matchers.every((matcher) => matches(matcher, labels));

/** Whether labels are what all of these texts say. Throws a HavnError (400) for one that cannot be read. */
export function compileMatchers(texts: readonly string[]): (labels: Labels) => boolean {
  const matchers = texts.map(parseMatcher);
  return (labels) => matchesAll(matchers, labels);
}
