import type { Action, PlannedChange, PropertyChange } from "@havn/model";
import { describeReferences, findReferences, isReference } from "@havn/model";
import { unifiedDiff } from "./diff.ts";
import { secretMask } from "./mask.ts";

type Properties = Readonly<Record<string, unknown>>;

/**
 * What differs between two sets of properties, sorted by path (`"via.machine"`); an absent side is undefined. Objects
 * are compared key by key, arrays as a whole, texts of several lines as a unified diff. References are described, not
 * resolved. Values at or under a path in `secrets` are shown as `(secret)`, never as a diff.
 */
export function diffProperties(
  before: Properties | undefined,
  after: Properties | undefined,
  secrets: readonly string[] = [],
): PropertyChange[] {
  const changes: PropertyChange[] = [];
  collect(before ?? {}, after ?? {}, { path: "", secrets, changes });
  return changes.sort((a, b) => (a.property < b.property ? -1 : a.property > b.property ? 1 : 0));
}

interface Collecting {
  path: string;
  secrets: readonly string[];
  changes: PropertyChange[];
}

function collect(before: Properties, after: Properties, { path, secrets, changes }: Collecting): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const property = path === "" ? key : `${path}.${key}`;
    const a = before[key];
    const b = after[key];
    if (a === b || sameValue(a, b)) continue;
    // An object that is new or gone is shown key by key too, so that one secret in it does not mask the rest.
    if ((isPlain(a) || a === undefined) && (isPlain(b) || b === undefined))
      collect(a ?? {}, b ?? {}, { path: property, secrets, changes });
    else changes.push(propertyChange(property, a, b, secrets));
  }
}

/** One property's difference as a person may see it. */
export function propertyChange(
  property: string,
  before: unknown,
  after: unknown,
  secrets: readonly string[] = [],
): PropertyChange {
  if (isSecretPath(property, secrets))
    return {
      property,
      ...(before !== undefined && { before: secretMask }),
      ...(after !== undefined && { after: secretMask }),
    };
  const a = describeReferences(before);
  const b = describeReferences(after);
  if (typeof a === "string" && typeof b === "string" && (a.includes("\n") || b.includes("\n")))
    return { property, diff: unifiedDiff(a, b) };
  return { property, ...(a !== undefined && { before: a }), ...(b !== undefined && { after: b }) };
}

/** A secret path covers what is under it, and whatever holds it: a change of all `env` shows no `env.PASSWORD`. */
export const isSecretPath = (property: string, secrets: readonly string[]): boolean =>
  secrets.some(
    (secret) => property === secret || property.startsWith(`${secret}.`) || secret.startsWith(`${property}.`),
  );

/** Paths of the properties that hold a reference to a secret: `["env.DATABASE_URL", "password"]`. */
export function findSecretPaths(properties: Properties, prefix = ""): string[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (isPlain(value)) return findSecretPaths(value, path);
    return findReferences(value).some((reference) => "$secret" in reference) ? [path] : [];
  });
}

const isPlain = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isReference(value);

/** Equal as JSON: key order does not count, a key whose value is undefined is absent. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]))
    );
  const left = a as Properties;
  const right = b as Properties;
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}

/** How many changes of each action; every action is there, also with 0. */
export function planSummary(changes: readonly Pick<PlannedChange, "action">[]): Record<Action, number> {
  const summary: Record<Action, number> = { create: 0, update: 0, replace: 0, delete: 0, "no-op": 0 };
  for (const { action } of changes) summary[action]++;
  return summary;
}
