/** A sample's value as Prometheus' HTTP API writes it. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const size = Math.abs(value);
  if (size < 1e21 && (size >= 1e-6 || size === 0)) return text;
  // JavaScript and Go go over to exponents at the same sizes; Go writes at least two digits of it.
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Without an exponent, however long. */
export function formatFixed(value: number): string {
  const text = formatValue(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}
