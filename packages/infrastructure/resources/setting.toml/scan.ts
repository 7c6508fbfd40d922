import { parse } from "smol-toml";
import type { SettingPath } from "../setting.ts";

/** A header or a setting with its place, and the whole path of what it is about. Ends behind its line's end. */
export type Statement = { kind: "table"; path: SettingPath; start: number; end: number } | Pair;
export interface Pair {
  kind: "pair";
  path: SettingPath;
  start: number;
  end: number;
  valueStart: number;
  valueEnd: number;
}

/** Statements of a text that is known to be TOML, in order. Elements of arrays of tables are told by their number. */
export function scanToml(text: string): Statement[] {
  const statements: Statement[] = [];
  const counts = new Map<string, number>();
  /** Parts of a header's path that are arrays of tables stand for their last element. */
  const resolve = (path: readonly string[]): SettingPath => {
    const resolved: (string | number)[] = [];
    for (const part of path) {
      resolved.push(part);
      const count = counts.get(JSON.stringify(resolved));
      if (count !== undefined) resolved.push(count);
    }
    return resolved;
  };
  let table: SettingPath = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    at = skip(text, at, /[ \t\r\n]*/y);
    if (text[at] === "#") {
      at = lineEnd(text, at);
      continue;
    }
    if (at >= text.length) break;
    const lineStart = Math.max(start, text.lastIndexOf("\n", at - 1) + 1);
    const isArray = text.startsWith("[[", at);
    if (text[at] === "[") {
      const keyEnd = skipKey(text, at + (isArray ? 2 : 1));
      const path = keyOf(text.slice(at + (isArray ? 2 : 1), keyEnd));
      at = lineEnd(text, keyEnd);
      if (isArray) {
        const holder = JSON.stringify([...resolve(path.slice(0, -1)), path.at(-1)]);
        counts.set(holder, (counts.get(holder) ?? -1) + 1);
      }
      table = resolve(path);
      statements.push({ kind: "table", path: table, start: lineStart, end: at });
    } else {
      const keyEnd = skipKey(text, at);
      const key = keyOf(text.slice(at, keyEnd));
      const valueStart = skip(text, keyEnd + 1, /[ \t]*/y);
      const valueEnd = skipValue(text, valueStart);
      at = lineEnd(text, valueEnd);
      statements.push({
        kind: "pair",
        path: [...table, ...key],
        start: lineStart,
        end: at,
        valueStart,
        valueEnd,
      });
    }
  }
  return statements;
}

/** `a."b.c".d` → its parts, read by the parser itself. */
function keyOf(written: string): string[] {
  const parts: string[] = [];
  let here: unknown = parse(`${written.trim()} = 0`);
  while (typeof here === "object" && here !== null) {
    const [entry] = Object.entries(here);
    if (!entry) break;
    parts.push(entry[0]);
    here = entry[1];
  }
  return parts;
}

function skip(text: string, at: number, expression: RegExp): number {
  expression.lastIndex = at;
  return at + (expression.exec(text)?.[0].length ?? 0);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

const quoted = /"""[\s\S]*?(?<!\\)(?:\\\\)*"""+|'''[\s\S]*?'''+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;

function skipKey(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== "=" && text[at] !== "]")
    at = text[at] === '"' || text[at] === "'" ? skip(text, at, quoted) : at + 1;
  return at;
}

/** To the end of a value: texts, brackets and comments inside it are skipped. */
function skipValue(text: string, start: number): number {
  let at = start;
  let depth = 0;
  let end = start;
  while (at < text.length) {
    const char = text[at];
    if (char === '"' || char === "'") {
      at = Math.max(at + 1, skip(text, at, quoted));
      end = at;
      continue;
    }
    if (char === "#") {
      if (depth === 0) break;
      at = lineEnd(text, at);
      continue;
    }
    if (char === "\n" && depth === 0) break;
    if (char === "[" || char === "{") depth++;
    if (char === "]" || char === "}") depth--;
    at++;
    if (!/\s/.test(char ?? "")) end = at;
  }
  return end;
}
