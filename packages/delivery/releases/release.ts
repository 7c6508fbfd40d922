import { createHash } from "node:crypto";
import { describeReferences, type PropertyChange, type ServiceProperties } from "@havn/model";

/**
 * What makes one release another: source, how it is started, configured and probed. Not where it runs (`hosts`) nor
 * how patiently it is rolled out, so that moving a service makes no new release. References stay unresolved: a
 * release never holds a secret.
 */
type ReleaseContent = Omit<ServiceProperties, "hosts" | "startTimeout">;

export function releaseContent(properties: ServiceProperties): ReleaseContent {
  const { hosts: _hosts, startTimeout: _startTimeout, ...content } = properties;
  return content;
}

/** sha256 in hex of the release's content; the same content is the same release whenever it is deployed. */
export function releaseId(properties: ServiceProperties): string {
  const { source, ...rest } = releaseContent(properties);
  return createHash("sha256")
    .update(canonical({ ...rest, source: source.digest }))
    .digest("hex");
}

/** `shop-web-1-3f2a9c10`: service, host, first 8 of the release. */
export const instanceId = (service: string, host: string, release: string): string =>
  `${service}-${host}-${release.slice(0, 8)}`;

/** JSON with sorted keys and without absent ones, so that equal content has equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
      .join(",")}}`;
  return JSON.stringify(value) ?? "null";
}

/** What differs between two declarations of a service, named as a person knows it; references described. */
export function serviceDifferences(
  before: ServiceProperties | undefined,
  after: ServiceProperties,
): PropertyChange[] {
  const old = before === undefined ? {} : flat(before);
  const now = flat(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((property) => canonical(old[property]) !== canonical(now[property]))
    .map((property) => change(property, old[property], now[property]));
}

/** One entry a property; env by variable, health by field; the source is its digest, wherever its folder lies. */
function flat(properties: ServiceProperties): Record<string, unknown> {
  const { source, env, health, ...rest } = properties;
  const entries: [string, unknown][] = [["source", source.digest.slice(0, 12)], ...Object.entries(rest)];
  for (const [name, value] of Object.entries(env)) entries.push([`env.${name}`, value]);
  for (const [name, value] of Object.entries(health)) entries.push([`health.${name}`, value]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function change(property: string, before: unknown, after: unknown): PropertyChange {
  return {
    property,
    ...(before === undefined ? {} : { before: describeReferences(before) }),
    ...(after === undefined ? {} : { after: describeReferences(after) }),
  };
}

/** "source" and "configuration", as a release's `changed` tells them. */
export function changedParts(before: ServiceProperties | undefined, after: ServiceProperties): string[] {
  if (before === undefined) return ["source", "configuration"];
  const parts = [];
  if (before.source.digest !== after.source.digest) parts.push("source");
  const rest = ({ source: _source, ...content }: ReleaseContent) => canonical(content);
  if (rest(releaseContent(before)) !== rest(releaseContent(after))) parts.push("configuration");
  return parts;
}
