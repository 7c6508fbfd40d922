import type { Resource } from "@havn/model";
import { findDefinition } from "./definitions.ts";

/** What a resource is about, in words that are equal for two resources of one thing of a host. */
export function thingsOf(type: string, properties: Readonly<Record<string, unknown>>): string[] {
  const named = (...keys: string[]) =>
    keys.some((key) => properties[key] === undefined)
      ? []
      : [`${type} ${keys.map((key) => String(properties[key])).join(" ")}`];
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

/**
 * For the order of changes: the things of a resource, its file where it is a unit, and for a unit that all of them are
 * units: an old one lets go of its port, or of its socket, before one that is new is started.
 */
export const claimsOf = ({ type, properties }: Resource): { things: string[]; makesRoom?: string } =>
  type === "systemd.unit"
    ? {
        things: [...thingsOf(type, properties), ...pathsOf(type, properties).map((path) => `path ${path}`)],
        makesRoom: type,
      }
    : { things: thingsOf(type, properties) };

function pathsOf(type: string, properties: Readonly<Record<string, unknown>>): string[] {
  try {
    return findDefinition(type)?.paths?.(properties) ?? [];
  } catch {
    // Properties that are references are known on the host only.
    return [];
  }
}
