import { HavnError } from "@havn/model";
import type { Branch } from "./tree.ts";

/** dotenv as SOPS reads it: no quotes, `\n` for line breaks. */
export function parseDotenv(text: string): Branch {
  const branch: Branch = { kind: "map", items: [] };
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    if (equals < 0)
      throw new HavnError(`Line ${index + 1} is no dotenv line`, {
        detail: "Write NAME=value, or begin a comment with #.",
        status: 400,
      });
    add(branch, line.slice(0, equals), line.slice(equals + 1).replaceAll("\\n", "\n"));
  }
  return branch;
}

/** INI as SOPS reads it: sections of texts; what stands before the first section is in `DEFAULT`. */
export function parseIni(text: string): Branch {
  const branch: Branch = { kind: "map", items: [] };
  let section = open(branch, "DEFAULT");
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith(";") || line.startsWith("#")) continue;
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      section = open(branch, name.trim());
      continue;
    }
    const match = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line);
    if (!match)
      throw new HavnError(`Line ${index + 1} is no INI line`, {
        detail: "Write [section], name = value, or begin a comment with ; or #.",
        status: 400,
      });
    add(section, match[1] ?? "", iniValue(match[2] ?? ""));
  }
  return branch;
}

/** Without a comment at its end, and without the quotes around it. */
function iniValue(text: string): string {
  const quoted = /^(`|"""|"|')([\s\S]*)\1$/.exec(text)?.[2];
  return quoted ?? text.replace(/\s+[;#].*$/, "");
}

function open(branch: Branch, key: string): Branch {
  const known = branch.items.find((item) => item.key === key)?.value;
  if (known?.kind === "map") return known;
  const section: Branch = { kind: "map", items: [] };
  branch.items.push({ key, value: section });
  return section;
}

function add(branch: Branch, key: string, value: string): void {
  if (branch.items.some((item) => item.key === key))
    throw new HavnError(`"${key}" stands there twice`, { detail: "Remove one of them.", status: 400 });
  branch.items.push({ key, value: { kind: "leaf", value } });
}

/** `age__list_0__map_enc` → `{ age: [{ enc }] }`. */
export function unflatten(entries: readonly (readonly [string, string])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    const parts = name.split(/__(map|list)_/);
    let at: Record<string, unknown> | unknown[] = root;
    let key: string | number = parts[0] ?? "";
    for (let index = 1; index < parts.length; index += 2) {
      const isList = parts[index] === "list";
      const known: unknown = Object.hasOwn(at, key)
        ? (at as Record<string | number, unknown>)[key]
        : undefined;
      const next = typeof known === "object" && known !== null ? known : isList ? [] : {};
      set(at, key, next);
      at = next as Record<string, unknown>;
      key = isList ? Math.min(Number(parts[index + 1]), 10_000) : (parts[index + 1] ?? "");
    }
    set(at, key, value);
  }
  return root;
}

/** As an own property, also `__proto__`. */
const set = (target: object, key: string | number, value: unknown) =>
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
