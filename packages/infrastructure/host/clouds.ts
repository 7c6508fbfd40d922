import type { Address, Resource } from "@havn/model";
import { findDefinition } from "../definitions.ts";

/** What nobody can know before something has run: which later resources it may have changed. */
export interface Clouds {
  /** Takes in something that nobody can know beforehand; `acts`: because it runs, not because of something before it. */
  add(resource: Resource, acts: boolean): void;
  /** What of it may change a resource that looks at `paths`; undefined where nothing does. */
  over(resource: Resource, paths: readonly string[]): Address | undefined;
}

interface Cloud {
  from: Address;
  paths: Set<string>;
  words: Set<string>;
}

/**
 * A command could change anything. What it is taken to change is what depends on it, and what it speaks of: paths in its
 * words, its folder, and names of units, packages and accounts. A package changes its own folders and units.
 */
export function createClouds(): Clouds {
  const clouds: Cloud[] = [];
  return {
    add(resource, acts) {
      const isPackage = resource.type === "package";
      const own = !acts ? [] : isPackage ? packageTraces(nameOf(resource)) : textsOf(resource.properties);
      clouds.push({
        from: resource.address,
        paths: new Set(own.flatMap(findPaths)),
        words: new Set(own.flatMap((text) => text.match(/[\w@.+-]+/g) ?? [])),
      });
    },
    over(resource, paths) {
      const names = namesOf(resource);
      return clouds.find(
        ({ from, paths: mentioned, words }) =>
          resource.dependsOn.includes(from) ||
          names.some((name) => words.has(name)) ||
          paths.some((path) => isNear(path, mentioned)),
      )?.from;
    },
  };
}

/** Whether it runs something whose effects its operations do not tell. */
export const isOpaque = ({ type }: Resource): boolean =>
  findDefinition(type)?.opaque === true || type === "package";

/** At or below what is mentioned, or a folder that something mentioned is in. */
function isNear(path: string, mentioned: ReadonlySet<string>): boolean {
  for (let part = path; part !== ""; part = part.slice(0, part.lastIndexOf("/")))
    if (mentioned.has(part)) return true;
  const prefix = `${path}/`;
  for (const one of mentioned) if (one.startsWith(prefix)) return true;
  return false;
}

/** Programs and devices are what commands use, not what they change. */
const tools = /^\/(s?bin|usr\/s?bin|usr\/local\/s?bin|dev|proc|sys)(\/|$)/;

const findPaths = (text: string): string[] =>
  (text.match(/(?<![\w.:/])\/[\w.@+-]+(?:\/[\w.@+-]+)*/g) ?? []).filter((path) => !tools.test(path));

/** Every text in its properties but addresses of what it runs after. */
function textsOf(properties: Resource["properties"]): string[] {
  const texts = (value: unknown): string[] =>
    typeof value === "string"
      ? [value]
      : typeof value === "object" && value !== null
        ? Object.values(value).flatMap(texts)
        : [];
  const { on: _, ...own } = properties;
  return texts(own);
}

const packageTraces = (name: string): string[] => [
  name,
  ...["/etc", "/etc/default", "/usr/share", "/usr/lib", "/var/lib", "/var/log"].map(
    (folder) => `${folder}/${name}`,
  ),
];

/** Types that are known by a name, not by a path. */
const named = /^(systemd\.unit|package|user|group|pip|npm|postgres\.|mariadb\.|mysql\.|cron|kernel)/;

const nameOf = ({ name }: Resource): string => name.slice(name.indexOf(":") + 1);

function namesOf(resource: Resource): string[] {
  if (!named.test(resource.type)) return [];
  const name = nameOf(resource);
  return [name, name.replace(/\.(service|socket|timer)$/, "")];
}
