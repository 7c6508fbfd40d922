import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { repeatedStates } from "./regexp-size.ts";

export { repeatedStates } from "./regexp-size.ts";

/**
 * A regular expression of Prometheus: RE2's syntax, anchored at both ends, in which `.` matches a line feed too. It is
 * RE2's own algorithm, in time that grows with the text only: JavaScript's would let one expression such as `(a+)+$` stand
 * still for hours, differs in syntax (`(?i)`, `\pL`, `[[:alpha:]]`, `\Q…\E`) and takes what RE2 refuses (`\1`, `(?=…)`).
 */
export interface AnchoredRegexp {
  readonly source: string;
  test(text: string): boolean;
  /** The match of the whole text; undefined where it does not match. */
  match(text: string): RegexpMatch | undefined;
}

export interface RegexpMatch {
  /** Of the group by number (0: all of it) or name; empty text where it took no part, undefined where there is none. */
  group(name: string): string | undefined;
}

const compiled = new Map<string, AnchoredRegexp>();
const mostCompiled = 2_000;
/** Letters and states of all that is kept: each takes one or two kilobytes. */
const largestCompiled = 300_000;
let sizeCompiled = 0;
/** Of one expression; RE2 itself lets a repetition have a thousand, and as many of them as there is room for. */
const mostRepeated = 5_000;

/** Throws a SyntaxError that says what is wrong with `source`. */
export function compileRegexp(source: string): AnchoredRegexp {
  const known = compiled.get(source);
  if (known) return known;
  const made = make(source);
  const size = source.length + repeatedStates(source);
  if (compiled.size >= mostCompiled || sizeCompiled + size > largestCompiled) {
    compiled.clear();
    sizeCompiled = 0;
  }
  compiled.set(source, made);
  sizeCompiled += size;
  return made;
}

/** Without anchors, for what replaces parts of a text. Throws a SyntaxError. */
export function compileLoose(source: string): RE2JS {
  return compileRe2(source);
}

/**
 * `$1`, `${1}`, `$name`, `${name}` and `$$` filled in from a match, as Go's Regexp.Expand does: a name is as long as it
 * can be, what there is no group for is empty, a dollar that begins nothing stays.
 */
export function expand(template: string, match: RegexpMatch): string {
  if (!template.includes("$")) return template;
  return template.replace(
    /\$(?:(\$)|\{(\w+)\}|(\w+))/g,
    (_, dollar: string | undefined, braced: string | undefined, bare: string | undefined) =>
      dollar ?? match.group(braced ?? bare ?? "") ?? "",
  );
}

function make(source: string): AnchoredRegexp {
  if (isPlain(source)) return literals(source);
  if (source === "(.*)") return anything;
  return isSimple(source) ? simple(source) : general(source);
}

const isPlain = (source: string) => /^[\w\-/ :@,;=~%&!"'<>|]*$/.test(source);

function literals(source: string): AnchoredRegexp {
  const words = new Set(source.split("|"));
  const test = (text: string) => words.has(text);
  return { source, test, match: (text) => (test(text) ? whole(text) : undefined) };
}

const whole = (text: string): RegexpMatch => ({ group: (name) => (Number(name) === 0 ? text : undefined) });

const anything: AnchoredRegexp = {
  source: "(.*)",
  test: () => true,
  match: (text) => ({ group: (name) => (/^0*[01]$/.test(name) ? text : undefined) }),
};

const token =
  /\((?:\?:)?|\)(?![*+?{])|\||(?:[^\\()[\]{}*+?|.^$]|\.|\\[dwDW.\\()[\]{}*+?|^$/-]|\[\^?(?:[^\\[\]^]|\\[dw.\\\][^$*+?/-])+\])(?:[*+]\??|\?)?/gy;
/** Each star may begin anywhere in the text: two of them are a square, and a text that is short. */
const mostStars = 2;
const longestForNative = 500;

/**
 * Whether JavaScript reads an expression as RE2 does, in a time that cannot run away: single letters, classes and
 * unrepeated groups, with at most two stars. Most expressions that people write are of this kind, and ten times as fast.
 */
function isSimple(source: string): boolean {
  let [at, stars] = [0, 0];
  for (const [text] of source.matchAll(token)) {
    at += text.length;
    if (/[*+]\??$/.test(text) && !/^\\[*+]$/.test(text)) stars++;
  }
  return at === source.length && stars <= mostStars;
}

function simple(source: string): AnchoredRegexp {
  let native: RegExp;
  try {
    native = new RegExp(`^(?:${source})$`, "su");
  } catch {
    return general(source);
  }
  let other: AnchoredRegexp | undefined;
  const re2 = () => {
    other ??= general(source);
    return other;
  };
  return {
    source,
    test: (text) => (text.length > longestForNative ? re2().test(text) : native.test(text)),
    match(text) {
      if (text.length > longestForNative) return re2().match(text);
      const match = native.exec(text);
      return match
        ? {
            group: (name) =>
              /^\d+$/.test(name) && Number(name) < match.length ? (match[Number(name)] ?? "") : undefined,
          }
        : undefined;
    },
  };
}

function general(source: string): AnchoredRegexp {
  // Read alone first: what stands in it must not close the group around it.
  compileRe2(source);
  const re = compileRe2(`^(?s:${source})$`);
  const names: Readonly<Record<string, number>> = re.namedGroups();
  return {
    source,
    test: (text) => re.matcher(text).find(),
    match(text) {
      const matcher = re.matcher(text);
      if (!matcher.find()) return undefined;
      return {
        group(name) {
          const number = /^\d+$/.test(name) ? Number(name) : names[name];
          if (number === undefined || number > matcher.groupCount()) return undefined;
          return matcher.group(number) ?? "";
        },
      };
    },
  };
}

const load = createRequire(import.meta.url);

/** Only who has expressions that are more than words pays for loading it. */
function compileRe2(source: string): RE2JS {
  if (repeatedStates(source) > mostRepeated)
    throw new SyntaxError(`regular expression ${JSON.stringify(source.slice(0, 200))}: it repeats too much`);
  const re2 = load("re2js") as typeof import("re2js");
  try {
    return re2.RE2JS.compile(source);
  } catch (cause) {
    throw new SyntaxError(`regular expression ${JSON.stringify(source)}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
