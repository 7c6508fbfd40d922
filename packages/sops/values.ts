/** A decrypted value. Whole numbers are bigints: SOPS keeps all their digits. */
export type Plain = string | number | bigint | boolean;

/** Undefined for a type that SOPS does not know, or bytes that are not of their type. */
export function typed(bytes: Buffer, type: string): Plain | undefined {
  const text = bytes.toString("utf8");
  switch (type) {
    case "str":
    case "bytes":
    case "time":
    case "comment":
      return text;
    case "int":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "float":
      return text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
    case "bool":
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === "true" : undefined;
    default:
      return undefined;
  }
}

/** As the MAC takes it: booleans in Python's spelling, numbers without an exponent. */
export function asBytes(value: Plain): Buffer {
  if (typeof value === "boolean") return Buffer.from(value ? "True" : "False");
  return Buffer.from(typeof value === "number" ? withoutExponent(value) : String(value));
}

function withoutExponent(value: number): string {
  const [mantissa = "", exponent] = String(value).split("e");
  if (exponent === undefined) return mantissa;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(mantissa) ?? [];
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0").slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ""}`;
}
