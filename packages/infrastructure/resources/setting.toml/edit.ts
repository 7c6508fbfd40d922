import { HavnError } from "@havn/model";
import { parse as parseToml, TomlError } from "smol-toml";
import { checkMeaning, type SettingPath, showPath, splice, valueAt, withValue } from "../setting.ts";
import { type Pair, type Statement, scanToml } from "./scan.ts";

export const get = (text: string, at: SettingPath): unknown => valueAt(read(text), at);

export function set(text: string, at: SettingPath, value: unknown): string {
  const expected = withValue(read(text), at, value);
  const after = setIn(text, at, value);
  checkMeaning(read(after), expected, at);
  return after;
}

export function remove(text: string, at: SettingPath): string {
  const document = read(text);
  if (valueAt(document, at) === undefined) return text;
  const expected = withValue(document, at, undefined);
  const statements = scanToml(text);
  const inside = statements.filter(({ path }) => startsWith(path, at));
  const holder = statements.find((one): one is Pair => one.kind === "pair" && startsWith(at, one.path));
  const after =
    inside.length > 0
      ? inside.reduceRight((rest, { start, end }) => splice(rest, start, end, ""), text)
      : holder
        ? rewrite(
            text,
            holder,
            withValue(valueAt(document, holder.path), at.slice(holder.path.length), undefined),
          )
        : text;
  checkMeaning(read(after), expected, at);
  return after;
}

/** Dates as texts, so that they can be kept as JSON and compared. */
function read(text: string): unknown {
  try {
    return plain(parseToml(text, { integersAsBigInt: "asNeeded" }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new HavnError(`is no TOML: ${error.message.split("\n")[0]} in line ${error.line}`, {
      detail: "Correct the file, or declare its whole content.",
    });
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

const startsWith = (path: SettingPath, prefix: SettingPath): boolean =>
  prefix.length <= path.length && prefix.every((part, index) => part === path[index]);

const rewrite = (text: string, pair: Pair, value: unknown): string =>
  splice(text, pair.valueStart, pair.valueEnd, write(value));

function setIn(text: string, at: SettingPath, value: unknown): string {
  const statements = scanToml(text);
  const pair = statements.find((one): one is Pair => one.kind === "pair" && startsWith(at, one.path));
  if (pair) {
    const whole = valueAt(read(text), pair.path);
    return rewrite(text, pair, withValue(whole, at.slice(pair.path.length), value));
  }
  if (statements.some(({ path }) => startsWith(path, at)))
    throw new HavnError(`${showPath(at)} is a table of its own`, {
      detail: "Set the settings in it one by one, or declare the whole file.",
    });
  const table = at.slice(0, -1);
  const line = `${writeKey(at.at(-1) ?? "")} = ${write(value)}\n`;
  const end = endOfTable(text, statements, table);
  if (end !== undefined) {
    const before = text.slice(0, end);
    return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}${text.slice(end)}`;
  }
  if (table.some((part) => typeof part === "number"))
    throw new HavnError(`${showPath(at)} cannot be set`, {
      detail: "The list that it stands in has no such item. Declare the whole file.",
    });
  const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return `${text}${gap}[${table.map(writeKey).join(".")}]\n${line}`;
}

/** Behind the last statement of a table; for the root behind its last one, or at the start of the file. */
function endOfTable(text: string, statements: readonly Statement[], table: SettingPath): number | undefined {
  let inside = table.length === 0;
  let end = inside ? 0 : undefined;
  for (const one of statements) {
    if (one.kind === "table") inside = one.path.length === table.length && startsWith(one.path, table);
    if (inside) end = one.end;
  }
  return end === undefined || end <= text.length ? end : text.length;
}

const writeKey = (key: string | number): string =>
  /^[A-Za-z0-9_-]+$/.test(String(key)) ? String(key) : JSON.stringify(String(key));

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, item]) => `${writeKey(key)} = ${write(item)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  if (value === null) throw new HavnError("TOML has no null", { detail: "Give a value, or absent: true." });
  // Texts of JSON are texts of TOML, but for the one control character that JSON leaves as it is.
  return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}
