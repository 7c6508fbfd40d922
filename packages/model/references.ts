import { z } from "zod";
import { type FactReference, factReference } from "./facts.ts";

/**
 * What a declaration may hold in place of a value that is not known when it is written:
 * - `{ $host: "db-1", attribute: "address" }`: a fact of a host that may not exist yet;
 * - `{ $secret: "shop-db" }`: a value that the control plane generates and keeps; only the host that needs it sees it;
 * - `{ $fact: ["os", "codename"] }`: what the host that the resource lives on tells of itself;
 * - `{ $secret: "secrets/prod.yaml#db.password", sealed: "…" }`: one that stands encrypted in the repository;
 * - `{ $text: [...] }`: text with references in it, parts joined in order.
 * Plans show references as `(address of db-1)` and `(secret shop-db)`; they are resolved when a bundle is sent, those to
 * facts by the agent of the host.
 */
export type Reference = HostReference | SecretReference | FactReference | TextReference;
/** Every reference that stands for one value. */
export type SingleReference = Exclude<Reference, TextReference>;
export interface HostReference {
  $host: string;
  attribute: "address" | "name";
}
export interface SecretReference {
  $secret: string;
  /** Which ciphertext it is: another one, another reference. `$secret` then tells its file and where in it. */
  sealed?: string | undefined;
  /** A person sets it (`havn secret set`): it is never generated. */
  given?: true | undefined;
  /** The control plane writes it into plans from the second version on: a service with a new secret is a new release. */
  version?: number | undefined;
}
export interface TextReference {
  $text: (string | SingleReference)[];
}

export const hostReference = z.strictObject({ $host: z.string(), attribute: z.enum(["address", "name"]) });
/** Name of a secret that the control plane keeps. */
export const secretName = z
  .string()
  .max(200)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and hyphens, such as "shop-db"');
export const secretReference = z.union([
  z.strictObject({
    $secret: secretName,
    given: z.literal(true).optional(),
    version: z.number().int().positive().optional(),
  }),
  z.strictObject({ $secret: z.string().max(1000), sealed: z.string().regex(/^[0-9a-f]{32}$/) }),
]);
export const textReference = z.strictObject({
  $text: z.array(z.union([z.string(), hostReference, secretReference, factReference])),
});
export const referenceSchema = z.union([hostReference, secretReference, factReference, textReference]);

export function isReference(value: unknown): value is Reference {
  return (
    typeof value === "object" &&
    value !== null &&
    ("$host" in value || "$secret" in value || "$fact" in value || "$text" in value)
  );
}

export interface ReferenceValues {
  host(name: string, attribute: "address" | "name"): string;
  secret(name: string, reference: SecretReference): string;
  /** Absent: references to facts stay as they are, for whoever knows the host. */
  fact?(reference: FactReference): string;
}

/** A copy of `value` with every reference in it replaced. Throws what `values` throws for an unknown one. */
export function resolveReferences<T>(value: T, values: ReferenceValues): T {
  return resolve(value, values) as T;
}

function resolve(value: unknown, values: ReferenceValues): unknown {
  if (isReference(value)) return resolveReference(value, values);
  if (Array.isArray(value)) return value.map((item) => resolve(item, values));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, values)]));
  return value;
}

function resolveReference(reference: Reference, values: ReferenceValues): string | Reference {
  if ("$host" in reference) return values.host(reference.$host, reference.attribute);
  if ("$secret" in reference) return values.secret(reference.$secret, reference);
  if ("$fact" in reference) return values.fact?.(reference) ?? reference;
  const parts = reference.$text.map((part) =>
    typeof part === "string" ? part : resolveReference(part, values),
  );
  return parts.every((part) => typeof part === "string")
    ? parts.join("")
    : ({ $text: parts } as TextReference);
}

/** Every reference inside `value`, those inside texts included. */
export function findReferences(value: unknown): SingleReference[] {
  if (isReference(value)) {
    if ("$text" in value) return value.$text.filter((part) => typeof part !== "string");
    return [value];
  }
  if (Array.isArray(value)) return value.flatMap(findReferences);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(findReferences);
  return [];
}

/** `value` as a person may see it: references named, never resolved. */
export function describeReferences(value: unknown): unknown {
  return resolve(value, {
    host: (name, attribute) => `(${attribute} of ${name})`,
    secret: (name, { version }) => `(secret ${name}${version === undefined ? "" : `, version ${version}`})`,
    fact: ({ $fact }) => `(fact ${$fact.join(".")})`,
  });
}

/** Equal for references to the same secret, whatever its version. */
export const secretKey = ({ $secret, sealed }: SecretReference): string => `${$secret}\0${sealed ?? ""}`;
