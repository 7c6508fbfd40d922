// Secrets in text that people see: found wherever they stand, and shown as what they are.

/** Stands for a secret wherever a person sees it. */
export const secretMask = "(secret)";

/** What is shorter is found in harmless words too. */
const shortest = 4;

/**
 * Every text that nobody may see, the longest first. Lines of secrets of several lines are secret too: programs print them
 * line by line, and differences show them so.
 */
export const secretTexts = (values: readonly string[]): string[] =>
  partsOf(values).filter(({ length }) => length >= shortest);

const partsOf = (values: readonly string[]): string[] =>
  [...new Set(values.flatMap((value) => [value, ...value.split("\n").map((line) => line.trim())]))]
    .filter((part) => part !== "")
    .sort((left, right) => right.length - left.length);

/** `secrets` from `secretTexts`. */
export const maskText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce(
    (masked, secret) => (masked.includes(secret) ? masked.replaceAll(secret, secretMask) : masked),
    text,
  );

/** A copy of `value` in which none of `secrets` stands, in whatever text. */
export function masked<T>(value: T, secrets: readonly string[]): T {
  return secrets.length === 0 ? value : (mask(value, secrets) as T);
}

function mask(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") return maskText(value, secrets);
  if (Array.isArray(value)) return value.map((item) => mask(item, secrets));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, secrets)]));
  return value;
}

/**
 * A unified diff of a text that holds secrets: what is declared is shown without them. What stands on the host instead is
 * not: it may hold an older secret, or another one, that nobody here knows. Undefined where it cannot be shown safely:
 * where the secrets are not known, or one of them is so short that it is found in harmless words too.
 */
export function maskedDiff(diff: string, values: readonly string[]): string | undefined {
  const known = partsOf(values);
  if (known.length === 0 || known.some(({ length }) => length < shortest)) return undefined;
  return diff
    .split("\n")
    .map((line) => (line.startsWith("-") ? `-${notShown}` : maskText(line, known)))
    .join("\n");
}

const notShown = "(a line that is not declared)";
