import { HavnError } from "@havn/model";
import { sameValue } from "@havn/plan";
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  parseDocument,
  stringify,
} from "yaml";
import {
  checkMeaning,
  indentAt,
  type SettingPath,
  showPath,
  splice,
  valueAt,
  withValue,
} from "../setting.ts";

export const get = (text: string, at: SettingPath): unknown => valueAt(meaning(read(text)), at);

/**
 * Written into the text where the place is plain to see: what is around it stays byte for byte. Else the document is
 * written anew from its tree, which keeps comments and order, but may lay it out differently.
 */
export function set(text: string, at: SettingPath, value: unknown): string {
  const document = read(text);
  const expected = withValue(meaning(document), at, value);
  if (sameValue(expected, meaning(document))) return text;
  const inPlace =
    replaceScalar(text, document, at, value) ??
    addToMap(text, document, at, value) ??
    (document.contents === null ? `${endLine(text)}${stringify(expected, { lineWidth: 0 })}` : undefined);
  if (inPlace !== undefined && means(inPlace, expected)) return inPlace;
  try {
    document.setIn(at, document.createNode(value));
  } catch (error) {
    throw new HavnError(`${showPath(at)} cannot be set alone here`, {
      detail: "What holds it is written in another place. Edit the file as a whole.",
      cause: error,
    });
  }
  return written(document, expected, at);
}

export function remove(text: string, at: SettingPath): string {
  const document = read(text);
  if (valueAt(meaning(document), at) === undefined) return text;
  const expected = withValue(meaning(document), at, undefined);
  const inPlace = removeLines(text, document, at);
  if (inPlace !== undefined && means(inPlace, expected)) return inPlace;
  document.deleteIn(at);
  return written(document, expected, at);
}

function read(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, { keepSourceTokens: true });
  const [document, second] = "empty" in documents ? [parseDocument("")] : documents;
  if (second || !document)
    throw new HavnError("holds several documents", {
      detail: "Only one of a single document can be changed in part.",
    });
  const [error] = document.errors;
  if (error)
    throw new HavnError(`is no YAML: ${error.message.split("\n")[0]}`, {
      detail: "Correct the file, or declare its whole content.",
    });
  return document as Document.Parsed;
}

const endLine = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

const meaning = (document: Document): unknown => document.toJS({ maxAliasCount: 1000 }) ?? undefined;

function means(text: string, expected: unknown): boolean {
  try {
    return sameValue(meaning(read(text)), expected);
  } catch (error) {
    if (error instanceof HavnError) return false;
    throw error;
  }
}

function written(document: Document, expected: unknown, at: SettingPath): string {
  const after = document.toString({ lineWidth: 0 });
  checkMeaning(meaning(read(after)), expected, at);
  return after;
}

function replaceScalar(
  text: string,
  document: Document,
  at: SettingPath,
  value: unknown,
): string | undefined {
  const node = document.getIn(at, true);
  if (!isScalar(node) || !node.range || node.anchor || node.tag) return undefined;
  if (!["PLAIN", "QUOTE_SINGLE", "QUOTE_DOUBLE"].includes(node.type ?? "")) return undefined;
  const scalar = writeScalar(value);
  return scalar === undefined ? undefined : splice(text, node.range[0], node.range[1], scalar);
}

/** One line, as YAML's own rules would write it; undefined for what is no single value. */
function writeScalar(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  const scalar = stringify(value, { lineWidth: 0 }).trimEnd();
  return scalar.includes("\n") ? JSON.stringify(value) : scalar;
}

/** New lines behind the last one of the deepest mapping that is there on the way. */
function addToMap(text: string, document: Document, at: SettingPath, value: unknown): string | undefined {
  let depth = at.length - 1;
  while (depth > 0 && !document.hasIn(at.slice(0, depth))) depth--;
  const parent = depth === 0 ? document.contents : document.getIn(at.slice(0, depth), true);
  if (!isMap(parent) || parent.flow || parent.items.length === 0 || document.hasIn(at)) return undefined;
  const first = parent.items[0] as Pair;
  const start = isScalar(first.key) ? first.key.range?.[0] : undefined;
  const end = endOf(parent.items.at(-1));
  if (start === undefined || end === undefined) return undefined;
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  if (/[^ -]/.test(indent)) return undefined;
  const spaces = indent.replaceAll("-", " ");
  const lines = stringify(withValue(undefined, at.slice(depth), value), { lineWidth: 0 })
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? line : spaces + line));
  const place = endOfLine(text, end);
  const gap = place > 0 && text[place - 1] !== "\n" ? "\n" : "";
  return splice(text, place, place, `${gap}${lines.join("\n")}\n`);
}

function removeLines(text: string, document: Document, at: SettingPath): string | undefined {
  const parent = at.length === 1 ? document.contents : document.getIn(at.slice(0, -1), true);
  if (!isMap(parent) || parent.flow || parent.items.length < 2) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === at.at(-1));
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  const end = endOf(pair);
  if (start === undefined || end === undefined) return undefined;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  if (indentAt(text, start).length !== start - lineStart) return undefined;
  return splice(text, lineStart, endOfLine(text, end), "");
}

/** Where the last thing written in a node ends, comments behind it left out. */
function endOf(node: unknown): number | undefined {
  if (isPair(node)) return endOf(node.value) ?? endOf(node.key);
  if ((isMap(node) || isSeq(node)) && !node.flow && node.items.length > 0) return endOf(node.items.at(-1));
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  return range?.[1];
}

function endOfLine(text: string, at: number): number {
  if (at > 0 && text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}
