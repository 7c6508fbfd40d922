/**
 * The same value with U+FFFD where a text holds what PostgreSQL stores in neither `text` nor `jsonb`: NULs, which programs
 * print, and halves of characters, which cutting leaves.
 */
export function storable<Value>(value: Value): Value;
export function storable(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((one: unknown) => storable(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), storable(one)]));
}

const clean = (text: string) => text.replaceAll("\0", "\ufffd").toWellFormed();
