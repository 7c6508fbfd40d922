import type { Matcher } from "./querier.ts";

const posix: Record<string, string> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const compiled = new Map<string, RegExp>();

/**
 * A regular expression in Go's syntax as one that matches the whole text; `.` also matches a line feed, as in
 * Prometheus' matchers. Throws a SyntaxError for what cannot be read.
 */
export function compileAnchored(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const regexp = compile(`^(?:${translate(pattern)})$`);
  if (compiled.size > 1000) compiled.clear();
  compiled.set(pattern, regexp);
  return regexp;
}

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

function compile(text: string): RegExp {
  try {
    return new RegExp(text, "su");
  } catch {
    // Unicode mode refuses needless escapes such as `\_`, which Go takes.
    return new RegExp(text, "s");
  }
}

/** Go's syntax → JavaScript's: named groups, POSIX classes, text anchors, and flags that hold to a group's end. */
function translate(pattern: string): string {
  const text = pattern
    .replace(/\(\?P</g, "(?<")
    .replace(/\[:(\^?)(\w+):\]/g, (whole, not: string, name: string) =>
      not ? whole : (posix[name] ?? whole),
    )
    .replace(/\\A/g, "^")
    .replace(/\\z/g, "$");
  return /\(\?[imsU-]+\)/.test(text) ? scopeFlags(text) : text;
}

/** `a(?i)b|c` → `a(?i:b)|(?i:c)`: JavaScript's flags stand before the group that they hold for. */
function scopeFlags(text: string): string {
  let out = "";
  const groups: string[][] = [[]];
  for (const [token] of text.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[ims-]+\)|[()|]|[^\\[()|]+|./gs)) {
    const flags = groups.at(-1) ?? [];
    const set = /^\(\?([ims-]+)\)$/.exec(token)?.[1];
    if (set !== undefined) {
      flags.push(set);
      out += `(?${set}:`;
    } else if (token === "(") {
      groups.push([]);
      out += token;
    } else if (token === ")") {
      groups.pop();
      out += ")".repeat(flags.length + 1);
    } else if (token === "|")
      out += `${")".repeat(flags.length)}|${flags.map((flag) => `(?${flag}:`).join("")}`;
    else out += token;
  }
  return out + ")".repeat(groups[0]?.length ?? 0);
}

/** `$1`, `${1}`, `$name`, `${name}` and `$$` filled in from a match, as Go's Regexp.Expand does. */
export function expandTemplate(template: string, match: RegExpExecArray): string {
  return template.replace(
    /\$(?:(\$)|\{(\w+)\}|(\w+))/g,
    (_whole, dollar: string | undefined, braced: string | undefined, bare: string | undefined) => {
      if (dollar) return "$";
      const name = braced ?? bare ?? "";
      return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? "";
    },
  );
}
