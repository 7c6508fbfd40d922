import type { Address, Resource } from "@havn/model";
import { secretMask } from "@havn/plan";
import { findDefinition } from "../definitions.ts";

/** Property paths per address whose values are secret. */
export type Secrets = Readonly<Record<Address, readonly string[]>>;

/** What is shorter is found in harmless words too. */
const shortest = 4;

export const secretPaths = ({ address, type }: Resource, secrets: Secrets): string[] => [
  ...(secrets[address] ?? []),
  ...(findDefinition(type)?.secrets ?? []),
];

/** Every text that no one may see: what stands at secret paths, and `further` ones; the longest first. */
export function secretValues(
  resources: readonly Resource[],
  secrets: Secrets,
  further: readonly string[] = [],
): string[] {
  const values = resources.flatMap((resource) =>
    secretPaths(resource, secrets).flatMap((path) => textsIn(valueAt(resource.properties, path))),
  );
  // Differences show texts line by line.
  const lines = [...values, ...further].flatMap((value) =>
    value.includes("\n") ? [value, ...value.split("\n").map((line) => line.trim())] : [value],
  );
  return [...new Set(lines)].filter(({ length }) => length >= shortest).sort((a, b) => b.length - a.length);
}

/** A copy of `value` in which none of `secrets` stands, in whatever text. */
export function masked<T>(value: T, secrets: readonly string[]): T {
  return secrets.length === 0 ? value : (mask(value, secrets) as T);
}

/**
 * A unified diff of a text that holds secrets: what is declared is shown without them. What stands on the host instead is
 * not: it may hold an older secret, or another one, that nobody here knows. Undefined where it cannot be shown safely:
 * where the secrets are not known, or one of them is so short that it is found in harmless words too.
 */
export function maskedDiff(diff: string, values: readonly string[]): string | undefined {
  const parts = values.flatMap((value) => [value, ...value.split("\n").map((line) => line.trim())]);
  const known = [...new Set(parts)].filter((part) => part !== "").sort((a, b) => b.length - a.length);
  if (known.length === 0 || known.some(({ length }) => length < shortest)) return undefined;
  return diff
    .split("\n")
    .map((line) => (line.startsWith("-") ? `-${notShown}` : masked(line, known)))
    .join("\n");
}

const notShown = "(a line that is not declared)";

function mask(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string")
    return secrets.reduce(
      (text, secret) => (text.includes(secret) ? text.replaceAll(secret, secretMask) : text),
      value,
    );
  if (Array.isArray(value)) return value.map((item) => mask(item, secrets));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, secrets)]));
  return value;
}

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
