/** Names for code, each for one thing: `check_http` → `checkHttp`. */
export function createNames() {
  const byKey = new Map<string, string>();
  const taken = new Set<string>();
  return {
    /** The name of `text`; with another `key`, of another thing that is called the same. */
    of(text: string, key = text): string {
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const name = unused(camel(text), taken, "");
      byKey.set(key, name);
      return name;
    },
  };
}

/** Names for resources: lower-case letters, digits and hyphens, at most 63, each once. */
export function createLabels() {
  const taken = new Set<string>();
  return (text: string): string => unused(labelText(text), taken, "-");
}

/** A name that a resource may have, as near to the text as can be. */
export function labelText(text: string): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 58)
    .replace(/-+$/, "");
  return plain === "" ? "check" : plain;
}

function unused(wanted: string, taken: Set<string>, between: string): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}${between}${number}`;
  taken.add(name);
  return name;
}

function camel(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words
    .map((word, at) =>
      at === 0 ? word.charAt(0).toLowerCase() + word.slice(1) : word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join("");
  return /^[A-Za-z]/.test(joined) && !reserved.has(joined) ? joined : `n${joined}`;
}

const reserved = new Set([
  "default",
  "new",
  "delete",
  "in",
  "if",
  "for",
  "do",
  "var",
  "let",
  "const",
  "class",
  "switch",
  "case",
  "null",
  "true",
  "false",
  "this",
  "with",
  "from",
  "mail",
  "zone",
  "agents",
  "periods",
  "check",
  "contact",
  "escalation",
  "receiver",
  "route",
  "maintenance",
  "commands",
  "hosts",
  "rhythms",
]);
