import {
  type Address,
  formatAddress,
  type HostReference,
  isReference,
  type Reference,
  type SecretReference,
  type SingleReference,
  type TextReference,
} from "@havn/model";

export type { HostReference, Reference, SecretReference, TextReference };

/** A text, or a reference that becomes one when it reaches the host that needs it. */
export type Text = string | Reference;

/** Which resources bring a reference about: whoever uses the reference comes after them. */
const origins = new WeakMap<object, readonly Address[]>();

/** Remembers that `reference` means something only once `addresses` are real. */
export function comesFrom<R extends Reference>(reference: R, addresses: readonly Address[]): R {
  origins.set(reference, addresses);
  return reference;
}

/**
 * A text with references in it, resolved when it reaches the host.
 *
 * @example text`http://${web1.address}:8080/healthz`
 */
export function text(strings: TemplateStringsArray, ...values: readonly (Text | number)[]): TextReference {
  return joinText(
    strings.flatMap((string, index) => (index < values.length ? [string, values[index] ?? ""] : [string])),
  );
}

/** Parts joined to one text: neighbouring strings merged, texts inside it opened, where they come from kept. */
export function joinText(parts: readonly (Text | number)[]): TextReference {
  const flat: TextReference["$text"] = [];
  const add = (part: string | SingleReference) => {
    const last = flat.at(-1);
    if (typeof part === "string" && typeof last === "string") flat[flat.length - 1] = last + part;
    else if (part !== "") flat.push(part);
  };
  for (const part of parts) {
    if (!isReference(part)) add(String(part));
    else if ("$text" in part) part.$text.forEach(add);
    else add(part);
  }
  return comesFrom({ $text: flat }, [
    ...new Set(parts.flatMap((part) => (isReference(part) ? (origins.get(part) ?? []) : []))),
  ]);
}

/** Addresses of everything that the references inside `value` need: hosts by name, and where they come from. */
export function referencedAddresses(value: unknown, environment: string): Address[] {
  if (isReference(value)) {
    const known = origins.get(value) ?? [];
    if ("$host" in value) return [...known, formatAddress({ environment, type: "host", name: value.$host })];
    if ("$text" in value)
      return [...known, ...value.$text.flatMap((part) => referencedAddresses(part, environment))];
    return [...known];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((item) => referencedAddresses(item, environment));
}
