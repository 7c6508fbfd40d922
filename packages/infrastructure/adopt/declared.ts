import type { InventoryItem, InventoryKind, InventoryNote, Resource } from "@havn/model";
import { findDefinition } from "../definitions.ts";

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

/** What a resource is about, in words that are equal for two resources of one thing. */
function thingsOf(type: string, properties: Readonly<Record<string, unknown>>): string[] {
  const named = (...keys: string[]) => [`${type} ${keys.map((key) => String(properties[key])).join(" ")}`];
  switch (type) {
    case "authorized.key":
      return [`${type} ${String(properties.user)} ${String(properties.key).split(" ")[1]}`];
    case "hostname":
    case "timezone":
      return [type];
    case "hosts.entry":
      return [`${type} ${String(properties.name)} ${String(properties.address).includes(":")}`];
    case "mount":
    case "swap":
    case "dpkg.diversion":
      return named("path");
    case "postgres.extension":
      return named("database", "name");
    case "mariadb.user":
      return named("name", "from");
    case "pip.package":
      return named("environment", "name");
    case "npm.package":
      return named("directory", "name");
    case "systemd.unit":
      return named("name");
    default: {
      // A folder that somebody declares says nothing of what is in it.
      const paths = pathsOf(type, properties);
      return paths.length > 0 ? paths.map((path) => `path ${path}`) : named("name");
    }
  }
}

function pathsOf(type: string, properties: Readonly<Record<string, unknown>>): string[] {
  try {
    return findDefinition(type)?.paths?.(properties) ?? [];
  } catch {
    // Properties that are references are known on the host only.
    return [];
  }
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
