import type { InventoryItem } from "@havn/model";
import { Code } from "./literal.ts";

/** How a type is written: the constructor of the SDK, its first argument, and the options that follow from it. */
export interface Written {
  make: string;
  argument: unknown;
  options: Record<string, unknown>;
}

const byType: Record<string, { make: string; argument: string }> = {
  package: { make: "pkg", argument: "name" },
  file: { make: "file", argument: "path" },
  directory: { make: "directory", argument: "path" },
  symlink: { make: "symlink", argument: "path" },
  group: { make: "group", argument: "name" },
  user: { make: "user", argument: "name" },
  "authorized.key": { make: "authorizedKey", argument: "user" },
  "sudo.rule": { make: "sudoRule", argument: "name" },
  hostname: { make: "hostname", argument: "name" },
  timezone: { make: "timezone", argument: "zone" },
  locale: { make: "locale", argument: "name" },
  "hosts.entry": { make: "hostsEntry", argument: "name" },
  mount: { make: "mount", argument: "path" },
  swap: { make: "swap", argument: "path" },
  alternatives: { make: "alternatives", argument: "name" },
  "dpkg.diversion": { make: "dpkgDiversion", argument: "path" },
  "systemd.unit": { make: "systemdUnit", argument: "name" },
  "postgres.role": { make: "postgresRole", argument: "name" },
  "postgres.extension": { make: "postgresExtension", argument: "name" },
  "mariadb.database": { make: "mariadbDatabase", argument: "name" },
  "mariadb.user": { make: "mariadbUser", argument: "name" },
  "npm.package": { make: "npmPackage", argument: "name" },
  "pip.package": { make: "pipPackage", argument: "name" },
};

/** A handle where the item is declared too: then it comes first by itself. */
export type HandleOf = (type: string, name: string) => Code | undefined;

export function writtenAs(
  { type, name, properties, after = [] }: InventoryItem,
  handleOf: HandleOf,
): Written {
  const known = byType[type];
  if (!known) throw new TypeError(`nobody knows how to write a ${type}`);
  const { [known.argument]: argument, ...rest } = properties;
  const options: Record<string, unknown> = { host: new Code("on"), ...rest };
  const used = new Set<string>();
  const use = (of: string, one: unknown): unknown => {
    const handle = handleOf(of, String(one));
    if (handle) used.add(handle.text);
    return handle ?? one;
  };
  if (type === "user") {
    if (options.group !== undefined) options.group = use("group", options.group);
    if (Array.isArray(options.groups)) options.groups = options.groups.map((group) => use("group", group));
  }
  // These are wanted unless something else is said.
  if (type === "systemd.unit" && !properties.masked) {
    options.enabled ??= null;
    options.active ??= null;
  }
  const first = type === "authorized.key" ? use("user", argument) : argument;
  const dependsOn = after
    .flatMap((one) => handleOf(one.type, one.name) ?? [])
    .filter(
      ({ text }, index, all) => !used.has(text) && all.findIndex((other) => other.text === text) === index,
    );
  if (dependsOn.length > 0) options.dependsOn = dependsOn.length === 1 ? dependsOn[0] : dependsOn;
  return { make: known.make, argument: first ?? name, options };
}
