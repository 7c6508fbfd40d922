import { repeatedStates } from "@havn/model/regexp-size";
import { RE2JS } from "re2js";

/** A regular expression of a dashboard, in time that grows with the text only: whoever may edit one could else stop the page. */
export interface Pattern {
  test(text: string): boolean;
  /** What it finds first in the text. */
  find(text: string): { whole: string; group(name: string | number): string | undefined } | undefined;
}

const nothing: Pattern = { test: () => false, find: () => undefined };
const compiled = new Map<string, Pattern>();
const mostCompiled = 500;
/** As the server bounds it. */
const mostRepeated = 5_000;
const longest = 500;

/**
 * A regular expression as dashboards write it: in slashes or not, `(?i)` before it. What RE2 cannot read matches nothing;
 * what stands at the very front, `^(?!that)`, is read all the same, for dashboards are full of it.
 */
export function patternOf(written: string): Pattern {
  const known = compiled.get(written);
  if (known) return known;
  if (compiled.size >= mostCompiled) compiled.clear();
  const made = make(written);
  compiled.set(written, made);
  return made;
}

function make(written: string): Pattern {
  const inSlashes = /^\/([\s\S]*)\/(\w*)$/.exec(written);
  const body = inSlashes?.[1] ?? written;
  const flags = body.startsWith("(?i)") || inSlashes?.[2]?.includes("i") ? RE2JS.CASE_INSENSITIVE : 0;
  if (body.length > longest || repeatedStates(body) > mostRepeated) return nothing;
  try {
    const { ahead, rest } = lookaheadsOf(body.replace(/^\(\?i\)/, ""));
    const conditions = ahead.map(({ inside, wanted }) => ({
      re: RE2JS.compile(`^(?:${inside})`, flags),
      wanted,
    }));
    const re = RE2JS.compile(rest, flags);
    const names = re.namedGroups();
    const find = (text: string) => {
      if (conditions.some((one) => one.re.matcher(text).find() !== one.wanted)) return undefined;
      const matcher = re.matcher(text);
      if (!matcher.find()) return undefined;
      const group = (name: string | number) => {
        const number = typeof name === "number" ? name : names[name];
        if (number === undefined || number > matcher.groupCount()) return undefined;
        return matcher.group(number) ?? undefined;
      };
      return { whole: matcher.group() ?? "", group };
    };
    return { find, test: (text) => find(text) !== undefined };
  } catch {
    return nothing;
  }
}

/** `^(?!a)(?=b)rest` taken apart: RE2 knows nothing of the kind, but at the front they are conditions of their own. */
export function lookaheadsOf(source: string): { ahead: { inside: string; wanted: boolean }[]; rest: string } {
  const ahead: { inside: string; wanted: boolean }[] = [];
  if (!source.startsWith("^")) return { ahead, rest: source };
  let at = 1;
  while (/^\(\?[!=]/.test(source.slice(at, at + 3))) {
    const end = closingOf(source, at);
    if (end === undefined) return { ahead: [], rest: source };
    ahead.push({ inside: source.slice(at + 3, end), wanted: source[at + 2] === "=" });
    at = end + 1;
  }
  return { ahead, rest: `^${source.slice(at)}` };
}

/** Where the parenthesis that opens at `from` closes. */
function closingOf(source: string, from: number): number | undefined {
  let [depth, inClass] = [0, false];
  for (let at = from; at < source.length; at++) {
    const char = source[at];
    if (char === "\\") at++;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at;
  }
  return undefined;
}
