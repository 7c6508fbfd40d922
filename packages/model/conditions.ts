import { z } from "zod";
import { type FactReference, factReference } from "./facts.ts";

export const comparisons = [
  "equals",
  "one of",
  "matches",
  "contains",
  "at least",
  "at most",
  "exists",
] as const;
export type Comparison = (typeof comparisons)[number];

/**
 * What must hold of a host for a resource to be wanted there, as data: it is decided by the host's agent, each time that
 * the resource is read or applied.
 */
export type Condition =
  | { fact: FactReference; is: Comparison; value?: unknown }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

export const conditionSchema: z.ZodType<Condition, Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ fact: factReference, is: z.enum(comparisons), value: z.unknown().optional() }),
    z.strictObject({ all: z.array(conditionSchema) }),
    z.strictObject({ any: z.array(conditionSchema) }),
    z.strictObject({ not: conditionSchema }),
  ]),
);

export interface Decision {
  holds: boolean;
  /** What decided it: "os.codename is trixie, wanted bookworm". */
  why: string;
}

/** Every fact that a condition asks for. */
export function factsIn(condition: Condition): FactReference[] {
  if ("fact" in condition) return [condition.fact];
  if ("not" in condition) return factsIn(condition.not);
  return ("all" in condition ? condition.all : condition.any).flatMap(factsIn);
}

/** Whether `condition` holds where facts are what `factValue` gives: undefined for one that is not there. */
export function decideCondition(
  condition: Condition,
  factValue: (fact: FactReference) => unknown,
  negated = false,
): Decision {
  if ("not" in condition) return decideCondition(condition.not, factValue, !negated);
  if ("fact" in condition) return decideComparison(condition, factValue(condition.fact), negated);
  const parts = "all" in condition ? condition.all : condition.any;
  const decided = parts.map((part) => decideCondition(part, factValue, negated));
  // What is not all of them, is any of their opposites.
  const every = "all" in condition !== negated;
  const holds = every ? decided.every((one) => one.holds) : decided.some((one) => one.holds);
  const decisive = decided.filter((one) => one.holds === holds);
  return { holds, why: (decisive.length > 0 ? decisive : decided).map(({ why }) => why).join("; ") };
}

function decideComparison(
  { fact, is, value }: Extract<Condition, { fact: unknown }>,
  found: unknown,
  negated: boolean,
): Decision {
  const holds = compare(is, found, value) !== negated;
  const name = fact.$fact.join(".");
  if (is === "exists") {
    const there = found === undefined ? "not there" : "there";
    return { holds, why: `${name} is ${there}, ${holds ? "as wanted" : "which is not wanted"}` };
  }
  const shown = found === undefined ? "not there" : shorten(showValue(found));
  const wanted = `${words[is]}${showWanted(is, value)}`;
  return { holds, why: `${name} is ${shown}, wanted ${negated ? `not ${wanted}` : wanted}` };
}

const words: Record<Comparison, string> = {
  equals: "",
  "one of": "one of ",
  matches: "what matches ",
  contains: "with ",
  "at least": "at least ",
  "at most": "at most ",
  exists: "",
};

const showWanted = (is: Comparison, value: unknown): string =>
  is === "matches" ? `/${String(value)}/` : showValue(value);

const showValue = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
      ? value.map(showValue).join(", ")
      : (JSON.stringify(value) ?? "nothing");

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

function compare(is: Comparison, found: unknown, value: unknown): boolean {
  // What is not there is like nothing that could be wanted of it.
  if (found === undefined || found === null) return false;
  switch (is) {
    case "exists":
      return true;
    case "equals":
      return found === value;
    case "one of":
      return Array.isArray(value) && value.includes(found);
    case "matches":
      return new RegExp(String(value), "u").test(String(found));
    case "contains":
      return Array.isArray(found) ? found.includes(value) : String(found).includes(String(value));
    case "at least":
      return order(found, value) >= 0;
    case "at most":
      return order(found, value) <= 0;
  }
}

/** Numbers by size, where the wanted one may be written as "4GB"; texts as versions. */
function order(found: unknown, wanted: unknown): number {
  if (typeof found === "number")
    return found - (typeof wanted === "number" ? wanted : (findSize(String(wanted)) ?? NaN));
  return compareVersions(String(found), String(wanted));
}

const unit: Record<string, number> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of "4GB" or "512MiB"; undefined where the text is no size. */
export function findSize(text: string): number | undefined {
  const [, number, name = ""] = /^(\d+(?:\.\d+)?) ?(|B|kB|[MGT]B|[KMGT]iB)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (unit[name] ?? 1);
}

/**
 * As Debian orders versions: an epoch first ("2:1.0"), then what stands before the last hyphen, then the rest; runs of
 * digits as numbers, a tilde before everything, letters before other characters. Negative where `a` is older.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)];
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

function splitVersion(version: string) {
  const [, epoch = "0", upstream = "", revision = ""] =
    /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(version) ?? [];
  return { epoch: Number(epoch), upstream, revision };
}

function compareParts(a: string, b: string): number {
  const parts = (text: string) =>
    [...text.matchAll(/(\D*)(\d*)/g)].map(([, word = "", digits = ""]) => ({ word, number: Number(digits) }));
  const left = parts(a);
  const right = parts(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const { word: wordA, number: numberA } = left[index] ?? { word: "", number: 0 };
    const { word: wordB, number: numberB } = right[index] ?? { word: "", number: 0 };
    const difference = compareWords(wordA, wordB) || numberA - numberB;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareWords(a: string, b: string): number {
  // The end of a text stands after a tilde and before all else.
  const weight = (character: string | undefined): number =>
    character === undefined
      ? 0
      : character === "~"
        ? -1
        : (/[a-z]/i.test(character) ? 0 : 256) + character.charCodeAt(0);
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = weight(a[index]) - weight(b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}
