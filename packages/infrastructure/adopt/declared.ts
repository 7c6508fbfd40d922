import type { InventoryItem, InventoryKind, InventoryNote, Resource } from "@havn/model";
import { thingsOf } from "../things.ts";

/** What of `items` no resource of the host declares, not even in part. */
export function undeclared<T extends Pick<InventoryItem, "type" | "name" | "properties">>(
  items: readonly T[],
  resources: readonly Resource[],
): T[] {
  const declared = new Set(resources.flatMap(({ type, properties }) => thingsOf(type, properties)));
  return items.filter(
    ({ type, properties }) => !thingsOf(type, properties).some((thing) => declared.has(thing)),
  );
}

/** Tables are found as they are loaded, and told of only where Havn does not load them. */
export function undeclaredNotes(
  notes: readonly InventoryNote[],
  resources: readonly Resource[],
): InventoryNote[] {
  const tables = new Set(
    resources
      .filter(({ type }) => type === "nftables.table")
      .map(({ properties }) => `${properties.family ?? "inet"} ${properties.name}`),
  );
  return notes.filter(({ kind, name }) => kind !== "firewall" || !tables.has(name));
}

/** Whether somebody asked not to hear of it: by its kind, or by a name in which a * stands for anything. */
export function isIgnored(
  { kind, name }: { kind: InventoryKind; name: string },
  ignore: readonly string[],
): boolean {
  return ignore.some(
    (pattern) =>
      pattern === kind ||
      new RegExp(
        `^${pattern
          .split("*")
          .map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"))
          .join(".*")}$`,
      ).test(name),
  );
}
