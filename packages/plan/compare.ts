import {
  type Address,
  findReferences,
  type PropertyChange,
  parseAddress,
  type Resource,
  type SecretReference,
  secretKey,
} from "@havn/model";
import { diffProperties } from "./changes.ts";

/** One environment as one looks at it: resources, and a fingerprint for each of its secrets. */
export interface ComparedEnvironment {
  name: string;
  resources: readonly Resource[];
  /** By `secretKey`: equal for equal values. Absent: the value is not known, and its name is compared. */
  fingerprints: ReadonlyMap<string, string>;
}

export interface ResourceDifference {
  /** `type/name`: the same in both. */
  resource: string;
  type: string;
  /** Whether it is in both, or in one only. */
  kind: "differs" | "only-before" | "only-after";
  before?: Address;
  after?: Address;
  changes: PropertyChange[];
}

/**
 * Everything in which two environments differ, in the order of the names. Their own names are taken out, so that
 * resources pair up; secrets are compared by their fingerprints.
 */
export function compareEnvironments(
  before: ComparedEnvironment,
  after: ComparedEnvironment,
): ResourceDifference[] {
  const left = byName(before);
  const right = byName(after);
  return [...new Set([...left.keys(), ...right.keys()])].sort().flatMap((resource): ResourceDifference[] => {
    const a = left.get(resource);
    const b = right.get(resource);
    const type = (a ?? b)?.type ?? "";
    const changes = diffProperties(
      a && (neutral(a.properties, before) as Record<string, unknown>),
      b && (neutral(b.properties, after) as Record<string, unknown>),
    );
    if (a && b && changes.length === 0) return [];
    const kind = a && b ? "differs" : a ? "only-before" : "only-after";
    return [
      {
        ...{ resource, type, kind, changes },
        ...(a && { before: a.address }),
        ...(b && { after: b.address }),
      },
    ];
  });
}

function byName({ resources }: ComparedEnvironment): Map<string, Resource> {
  return new Map(
    resources.map((resource) => {
      const { type, name } = parseAddress(resource.address);
      return [`${type}/${name}`, resource];
    }),
  );
}

/** Addresses without the environment's name; secrets as what tells equal ones. */
function neutral(value: unknown, environment: ComparedEnvironment): unknown {
  if (typeof value === "string")
    return value.startsWith(`${environment.name}/`) ? `…/${value.slice(environment.name.length + 1)}` : value;
  if (Array.isArray(value)) return value.map((item) => neutral(item, environment));
  if (typeof value !== "object" || value === null) return value;
  if ("$secret" in value) return secretShown(value as SecretReference, environment);
  if ("$text" in value)
    return (
      findReferences(value).some((part) => "$secret" in part)
        ? { ...value, $text: (value.$text as unknown[]).map((part) => neutralPart(part, environment)) }
        : value
    ) as unknown;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, neutral(item, environment)]));
}

const neutralPart = (part: unknown, environment: ComparedEnvironment): unknown =>
  typeof part === "object" && part !== null && "$secret" in part ? neutral(part, environment) : part;

function secretShown(reference: SecretReference, { fingerprints }: ComparedEnvironment): string {
  const fingerprint = fingerprints.get(secretKey(reference));
  return fingerprint === undefined ? `(secret ${reference.$secret})` : `(secret ${fingerprint})`;
}
