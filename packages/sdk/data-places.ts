import { createRequire } from "node:module";
import { HavnError, type Location } from "@havn/model";

/** Where in its file a value of a layer stands; the nearest thing around it where it has no place of its own. */
export type Places = (path: readonly string[]) => Location;

/** A layer's file: what it holds, and where. Throws a HavnError (400) that names file and line. */
export function parseLayer(file: string, text: string): { value: unknown; places: Places } {
  if (file.endsWith(".toml")) return parseToml(file, text);
  if (/\.(ya?ml|json)$/.test(file)) return parseYaml(file, text);
  throw new HavnError(`"${file}" is no data file`, {
    detail: "Its name ends with .yaml, .yml, .json or .toml.",
    status: 400,
  });
}

const load = createRequire(import.meta.url);

function parseYaml(file: string, text: string): { value: unknown; places: Places } {
  // Only configurations that have such files pay for loading it.
  const { isMap, isScalar, LineCounter, parseDocument } = load("yaml") as typeof import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number | undefined): Location => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  if (error) throw notSound(at(error.pos[0]), error.message);
  const places: Places = (path) => {
    let node: unknown = document.contents;
    let found = at(0);
    for (const part of path) {
      if (!isMap(node)) break;
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === part);
      if (!pair || !isScalar(pair.key)) break;
      found = at(pair.key.range?.[0]);
      node = pair.value;
    }
    return found;
  };
  return { value: document.toJS() as unknown, places };
}

function parseToml(file: string, text: string): { value: unknown; places: Places } {
  const { parse, TomlError } = load("smol-toml") as typeof import("smol-toml");
  try {
    return { value: parse(text), places: tomlPlaces(file, text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.split("\n");
    throw notSound({ file, line: error.line, column: error.column }, first);
  }
}

/** By tables and keys at the beginnings of lines; what stands in an inline table has the place of that. */
function tomlPlaces(file: string, text: string): Places {
  const known = new Map<string, Location>();
  let table: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\[?([^\]]+)\]/.exec(line)?.[1];
    const key = /^\s*((?:[\w-]+|"[^"]*")(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=/.exec(line)?.[1];
    const parts = (header ?? key)?.match(/"[^"]*"|[\w-]+/g)?.map((part) => part.replaceAll('"', "")) ?? [];
    if (parts.length === 0) continue;
    if (header !== undefined) table = parts;
    const path = header === undefined ? [...table, ...parts] : parts;
    known.set(path.join("\0"), { file, line: index + 1, column: line.search(/\S/) + 1 });
  }
  return nearest(known, { file, line: 1, column: 1 });
}

function nearest(known: ReadonlyMap<string, Location>, top: Location): Places {
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const found = known.get(path.slice(0, length).join("\0"));
      if (found) return found;
    }
    return top;
  };
}

/**
 * Where the keys of the object literal stand that begins after `start` in a TypeScript file. It reads literals only:
 * what comes from a name has the place of that name.
 */
export function literalPlaces(source: string | undefined, start: Location): Places {
  const known = new Map<string, Location>();
  if (source === undefined) return () => start;
  const begins = offsetOf(source, start);
  const open = source.indexOf("{", begins);
  if (open >= 0)
    scanObject(source, open + 1, [], (path, offset) =>
      known.set(path.join("\0"), locationAt(source, offset, start.file)),
    );
  return nearest(known, start);
}

/** Walks one object literal from behind its `{`; gives the offset behind its `}`. */
function scanObject(
  source: string,
  from: number,
  path: readonly string[],
  found: (path: readonly string[], offset: number) => void,
): number {
  const token =
    /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[\w$]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[\s\S]/y;
  let at = from;
  let key: { name: string; offset: number } | undefined;
  let inside: readonly string[] = path;
  let depth = 0;
  while (at < source.length) {
    token.lastIndex = at;
    const text = token.exec(source)?.[0] ?? "";
    const offset = at;
    at += text.length;
    if (/^(\s|\/\/|\/\*)/.test(text)) continue;
    if (text === "}" && depth === 0) return at;
    if (text === "{" && depth === 0 && inside.length > path.length) {
      at = scanObject(source, at, inside, found);
      continue;
    }
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text)) depth--;
    if (depth > 0) continue;
    if (text === ",") inside = path;
    else if (text === ":" && key && inside.length === path.length) {
      inside = [...path, key.name];
      found(inside, key.offset);
    }
    key = /^[\w$"']/.test(text) ? { name: text.replace(/^["']|["']$/g, ""), offset } : undefined;
  }
  return at;
}

function offsetOf(source: string, { line, column }: Location): number {
  let offset = 0;
  for (let current = 1; current < line; current++) offset = source.indexOf("\n", offset) + 1;
  return offset + column - 1;
}

function locationAt(source: string, offset: number, file: string): Location {
  const before = source.slice(0, offset);
  return { file, line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

const notSound = (at: Location, said: string): HavnError =>
  new HavnError(`${at.file} is not sound`, {
    detail: `Line ${at.line}: ${said}. Correct it there.`,
    status: 400,
    diagnostics: [{ severity: "error", summary: `${at.file} is not sound`, detail: said, at }],
  });
