import { checkMeaning, indentAt, type SettingPath, splice, valueAt, withValue } from "../setting.ts";
import { type Member, meaningOf, type Node, parseJson } from "./parse.ts";

const read = (text: string): Node =>
  text.trim() === "" ? { kind: "object", members: [], start: 0, end: 0 } : parseJson(text);

export const get = (text: string, at: SettingPath): unknown => valueAt(meaningOf(read(text)), at);

export function set(text: string, at: SettingPath, value: unknown): string {
  const expected = withValue(meaningOf(read(text)), at, value);
  const after = text.trim() === "" ? `${JSON.stringify(expected, null, 2)}\n` : setIn(text, at, value);
  checkMeaning(meaningOf(parseJson(after)), expected, at);
  return after;
}

export function remove(text: string, at: SettingPath): string {
  const root = read(text);
  if (valueAt(meaningOf(root), at) === undefined) return text;
  const last = at.at(-1);
  const parent = findNode(root, at.slice(0, -1)).node;
  const parts = partsOf(parent);
  const index = parts.findIndex(({ key }) => key === last);
  const one = parts[index];
  if (!one) return text;
  const next = parts[index + 1];
  const previous = parts[index - 1];
  // With the comma and the space on one side of it; comments around it stay.
  const [start, end] = next
    ? [one.start, next.start]
    : previous
      ? [previous.end, one.end]
      : [parent.start + 1, parent.end - 1];
  const after = splice(text, start, end, "");
  checkMeaning(meaningOf(parseJson(after)), withValue(meaningOf(root), at, undefined), at);
  return after;
}

/** The deepest node that is there on the way, and what of the way is left. */
function findNode(root: Node, at: SettingPath): { node: Node; rest: SettingPath } {
  let node = root;
  for (const [index, part] of at.entries()) {
    const next = partsOf(node).find(({ key }) => key === part)?.node;
    if (!next) return { node, rest: at.slice(index) };
    node = next;
  }
  return { node, rest: [] };
}

interface Part {
  key: string | number;
  start: number;
  end: number;
  node: Node;
}

const partsOf = (node: Node): Part[] =>
  node.kind === "object"
    ? node.members.map(({ key, start, node: member }: Member) => ({
        key,
        start,
        end: member.end,
        node: member,
      }))
    : node.kind === "array"
      ? node.items.map((item, key) => ({ key, start: item.start, end: item.end, node: item }))
      : [];

function setIn(text: string, at: SettingPath, value: unknown): string {
  const { node, rest } = findNode(parseJson(text), at);
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  if (rest.length === 0)
    return splice(text, node.start, node.end, write(value, indentAt(text, node.start), unit));
  const [key, ...deeper] = rest;
  const inner = deeper.length === 0 ? value : withValue(undefined, deeper, value);
  const last = partsOf(node).at(-1);
  const isLong = text.slice(last ? node.start : 0, node.end).includes("\n");
  const base = indentAt(text, node.start);
  const indent = last && isLong ? indentAt(text, last.start) : base + unit;
  const name = node.kind === "array" ? "" : `${JSON.stringify(String(key))}: `;
  const written = name + write(inner, isLong ? indent : base, unit);
  if (last) return splice(text, last.end, last.end, isLong ? `,\n${indent}${written}` : `, ${written}`);
  // Only comments may stand in it: they stay.
  const end = text.slice(0, node.end - 1).trimEnd().length;
  return splice(text, end, node.end - 1, isLong ? `\n${indent}${written}\n${base}` : written);
}

const write = (value: unknown, indent: string, unit: string): string =>
  JSON.stringify(value, null, unit).replaceAll("\n", `\n${indent}`);
