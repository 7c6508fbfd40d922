import { HavnError } from "@havn/model";
import { type Inventory, openGroup } from "./inventory.ts";
import { literalOrText } from "./literal.ts";

type Kind = "hosts" | "children" | "vars";

/** Reads an inventory in Ansible's INI form into `inventory`. Throws a HavnError that names the line. */
export function readIni(text: string, file: string, inventory: Inventory): void {
  let group = "ungrouped";
  let kind: Kind = "hosts";
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const fail = (summary: string): never => {
      throw new HavnError(`${file}:${index + 1}: ${summary}`, { detail: line, status: 400 });
    };
    const section = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line);
    if (section) {
      const [, name = "", written = "hosts"] = section;
      if (written !== "hosts" && written !== "children" && written !== "vars")
        fail(`":${written}" is no kind of section: hosts, children or vars`);
      group = name;
      kind = written as Kind;
      openGroup(inventory, group);
    } else if (kind === "vars") {
      const [, name = "", value = ""] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? fail("expected name=value");
      openGroup(inventory, group).vars[name] = literalOrText(value);
    } else {
      const [pattern = "", ...rest] = splitWords(line) ?? fail("a quote is not closed");
      if (kind === "children") {
        openGroup(inventory, group).children.add(pattern);
        openGroup(inventory, pattern);
        continue;
      }
      const vars: Record<string, unknown> = {};
      for (const word of rest) {
        const at = word.indexOf("=");
        if (at < 1) fail(`"${word}" is no name=value`);
        vars[word.slice(0, at)] = literalOrText(word.slice(at + 1));
      }
      addHosts(inventory, { group, pattern, vars });
    }
  }
}

/** Adds the hosts that a pattern such as `web[01:10:2].example.org:2222` stands for. */
export function addHosts(
  inventory: Inventory,
  { group, pattern, vars }: { group: string; pattern: string; vars: Record<string, unknown> },
): void {
  // Two colons and more are an IPv6 address, unless it stands in brackets.
  const [, host = pattern, port] = /^((?:\[[^\]]*\]|[^:[\]])+):(\d+)$/.exec(pattern) ?? [];
  for (const name of expandPattern(host)) {
    const { hosts } = openGroup(inventory, group);
    hosts.add(name);
    const known = inventory.hosts.get(name) ?? {};
    inventory.hosts.set(name, {
      ...known,
      ...(port !== undefined && { ansible_port: Number(port) }),
      ...vars,
    });
  }
}

/** `[first:last:step]` of numbers (with leading zeros where `first` has them) or letters; both ends inclusive. */
function expandPattern(pattern: string): string[] {
  const [, before = "", inside, after = ""] = /^(.*?)\[([^\]]*:[^\]]*)\](.*)$/.exec(pattern) ?? [];
  if (inside === undefined) return [pattern];
  const [first = "", last = "", step = "1"] = inside.split(":");
  const from = first === "" ? "0" : first;
  const letters = /^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(last);
  if (!letters && !(/^\d+$/.test(from) && /^\d+$/.test(last))) return [pattern];
  const [low, high] = letters ? [from.charCodeAt(0), last.charCodeAt(0)] : [Number(from), Number(last)];
  if (high < low || high - low > 100_000 || Number(step) < 1)
    throw new HavnError(`The range of "${pattern}" is empty or too long`, { status: 400 });
  const width = from.startsWith("0") && from.length > 1 ? from.length : 0;
  const names: string[] = [];
  for (let at = low; at <= high; at += Number(step)) {
    const text = letters ? String.fromCharCode(at) : String(at).padStart(width, "0");
    for (const rest of expandPattern(after)) names.push(`${before}${text}${rest}`);
  }
  return names;
}

/** Words as a shell would part them, up to a comment; undefined where a quote is not closed. */
function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? "";
    if (quote !== "") {
      if (sign === quote) quote = "";
      else if (sign === "\\" && quote === '"' && /["\\]/.test(line[at + 1] ?? ""))
        word = (word ?? "") + line[++at];
      else word = (word ?? "") + sign;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word ??= "";
    } else if (/\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (sign === "#") break;
    else if (sign === "\\") word = (word ?? "") + (line[++at] ?? "");
    else word = (word ?? "") + sign;
  }
  if (quote !== "") return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
