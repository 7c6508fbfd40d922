/**
 * The same value with U+FFFD where a text holds what PostgreSQL stores in neither `text` nor `jsonb`: NULs, which programs
 * print, and halves of characters, which cutting leaves.
 */
export function storable<Value>(value: Value): Value;
export function storable(value: unknown): unknown {
  return isStorable(value) ? value : cleaned(value);
}

/** As nearly all is: looking costs a tenth of copying. */
function isStorable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isStorable);
  for (const key of Object.keys(value))
    if (!isStorable(key) || !isStorable((value as Record<string, unknown>)[key])) return false;
  return true;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [clean(key), cleaned(one)]));
}

const clean = (text: string) => text.replaceAll("\0", "\ufffd").toWellFormed();
