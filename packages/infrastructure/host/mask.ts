import type { Address, Resource } from "@havn/model";
import { secretTexts } from "@havn/plan";
import { findDefinition } from "../definitions.ts";

/** Property paths per address whose values are secret. */
export type Secrets = Readonly<Record<Address, readonly string[]>>;

export const secretPaths = ({ address, type }: Resource, secrets: Secrets): string[] => [
  ...(secrets[address] ?? []),
  ...(findDefinition(type)?.secrets ?? []),
];

/** Every text that no one may see: what stands at secret paths, and `further` ones; the longest first. */
export const secretValues = (
  resources: readonly Resource[],
  secrets: Secrets,
  further: readonly string[] = [],
): string[] =>
  secretTexts([
    ...resources.flatMap((resource) =>
      secretPaths(resource, secrets).flatMap((path) => textsIn(valueAt(resource.properties, path))),
    ),
    ...further,
  ]);

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsIn);
  return [];
}

const valueAt = (properties: Resource["properties"], path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      properties,
    );
