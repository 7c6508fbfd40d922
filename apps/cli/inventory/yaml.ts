import { HavnError } from "@havn/model";
import { parse } from "yaml";
import { addHosts } from "./ini.ts";
import { type Inventory, openGroup } from "./inventory.ts";

/** YAML as Python's reader takes it: version 1.1, in which `yes` is true. Throws a HavnError that names the file. */
export function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { version: "1.1", merge: true, uniqueKeys: false });
  } catch (cause) {
    throw new HavnError(`${file} is no YAML that can be read`, {
      detail: cause instanceof Error ? cause.message : String(cause),
      status: 400,
      cause,
    });
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads an inventory in Ansible's YAML form into `inventory`. */
export function readYaml(value: unknown, file: string, inventory: Inventory): void {
  if (!isRecord(value))
    throw new HavnError(`${file} is no inventory`, {
      detail: "It begins with groups: all: hosts: …",
      status: 400,
    });
  for (const [name, group] of Object.entries(value)) readGroup(name, group, { file, inventory });
}

function readGroup(name: string, value: unknown, about: { file: string; inventory: Inventory }): void {
  const { file, inventory } = about;
  const group = openGroup(inventory, name);
  if (value === null || value === undefined) return;
  if (!isRecord(value)) throw new HavnError(`${file}: group "${name}" is no mapping`, { status: 400 });
  for (const [key, inner] of Object.entries(value)) {
    if (inner === null || inner === undefined) continue;
    if (!["hosts", "children", "vars"].includes(key) || !isRecord(inner))
      throw new HavnError(`${file}: "${key}" of group "${name}" is not as expected`, {
        detail: "A group has hosts, children and vars, each a mapping.",
        status: 400,
      });
    if (key === "vars") Object.assign(group.vars, inner);
    else if (key === "hosts")
      for (const [pattern, vars] of Object.entries(inner))
        addHosts(inventory, { group: name, pattern, vars: isRecord(vars) ? vars : {} });
    else
      for (const [child, of] of Object.entries(inner)) {
        group.children.add(child);
        readGroup(child, of, about);
      }
  }
}
