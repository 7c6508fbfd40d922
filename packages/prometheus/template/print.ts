import { TemplateError } from "./lex.ts";

/** A value of a template: Go's ints are bigints here, its floats numbers. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | Date
  | readonly Value[]
  | { readonly [key: string]: Value };

export const isRecord = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);

/** As Go's fmt prints it with %v. */
export function printValue(value: Value): string {
  if (value === undefined) return "<no value>";
  if (typeof value === "number") return formatG(value, -1);
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return printTime(value);
  if (Array.isArray(value)) return `[${value.map(printValue).join(" ")}]`;
  const record = value as { readonly [key: string]: Value };
  const keys = Object.keys(record).sort();
  return `map[${keys.map((key) => `${key}:${printValue(record[key])}`).join(" ")}]`;
}

function printTime(time: Date): string {
  const [day = "", clock = ""] = time.toISOString().split("T");
  return `${day} ${clock.replace("Z", "").replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : ""))} +0000 UTC`;
}

/** `%.{precision}g`; -1: as many digits as it takes. Exponents have at least two digits. */
export function formatG(value: number, precision: number): string {
  const special = specialOf(value);
  if (special !== undefined) return special;
  const digits = precision < 0 ? undefined : Math.max(1, precision);
  const scientific = digits === undefined ? value.toExponential() : value.toExponential(digits - 1);
  const [mantissa = "0", exponentText = "+0"] = scientific.split("e");
  const exponent = Number(exponentText);
  const bare = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  // Without a precision Go decides as if it were six.
  if (exponent < -4 || exponent >= (digits ?? 6))
    return `${bare}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  if (digits === undefined) return Object.is(value, -0) ? "-0" : plainDecimal(value);
  const fixed = value.toFixed(Math.min(100, Math.max(0, digits - 1 - exponent)));
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

/** JavaScript goes over to exponents below 1e-6, Go below 1e-4: what is left has none. */
const plainDecimal = (value: number): string => {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
};

function specialOf(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : undefined;
}

const verb = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)/gsu;
const widest = 10_000;

/** Go's Sprintf. */
export function sprintf(format: string, values: readonly Value[]): string {
  let next = 0;
  const take = () => values[next++];
  const text = format.replace(verb, (whole, flags: string, width, precision, kind: string) => {
    if (kind === "%") return "%";
    const numeric = (given: string | undefined) =>
      given === undefined ? undefined : Math.min(widest, given === "*" ? Number(take() ?? 0) : Number(given));
    const wanted = numeric(width) ?? 0;
    const exact = numeric(precision) ?? (whole.includes(".") ? 0 : undefined);
    if (next >= values.length) return `%!${kind}(MISSING)`;
    const body = formatOne(kind, take(), { flags, exact });
    return pad(body, wanted, flags);
  });
  if (next >= values.length) return text;
  const extra = values.slice(next).map((value) => `${typeName(value)}=${printValue(value)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function pad(text: string, width: number, flags: string): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function formatOne(
  kind: string,
  value: Value,
  { flags, exact }: { flags: string; exact: number | undefined },
): string {
  const bad = () => `%!${kind}(${typeName(value)}=${printValue(value)})`;
  const signed = (text: string) => {
    if (/^[+-]/.test(text)) return text;
    return flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
  };
  switch (kind) {
    case "v":
      return typeof value === "number" && exact !== undefined ? formatG(value, exact) : printValue(value);
    case "s":
      if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return bad();
      return exact === undefined ? printValue(value) : [...printValue(value)].slice(0, exact).join("");
    case "q":
      return typeof value === "string" ? JSON.stringify(value) : bad();
    case "d":
      return typeof value === "bigint" ? signed(String(value)) : bad();
    case "t":
      return typeof value === "boolean" ? String(value) : bad();
    case "x":
    case "X": {
      const text =
        typeof value === "bigint" ? value.toString(16) : Buffer.from(printValue(value)).toString("hex");
      return kind === "X" ? text.toUpperCase() : text;
    }
    case "f":
    case "F":
      return typeof value === "number"
        ? signed(specialOf(value) ?? value.toFixed(Math.min(100, exact ?? 6)))
        : bad();
    case "e":
    case "E":
      if (typeof value !== "number") return bad();
      return signed(
        specialOf(value) ?? value.toExponential(Math.min(100, exact ?? 6)).replace(/e([+-])(\d)$/, "e$10$2"),
      );
    case "g":
    case "G":
      return typeof value === "number" ? signed(formatG(value, exact ?? -1)) : bad();
    case "T":
      return typeName(value);
    default:
      return bad();
  }
}

export function typeName(value: Value): string {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "float64";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    case "undefined":
      return "<nil>";
    default:
      return Array.isArray(value) ? "[]" : "map";
  }
}

/** Numbers as Prometheus' functions take them: text is read. Throws a TemplateError. */
export function toFloat(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") {
    const special = {
      "+inf": Number.POSITIVE_INFINITY,
      inf: Number.POSITIVE_INFINITY,
      "-inf": Number.NEGATIVE_INFINITY,
    };
    const lower = value.toLowerCase();
    const number =
      special[lower as keyof typeof special] ??
      (lower === "nan" || value === "" ? Number.NaN : Number(value));
    if (!Number.isNaN(number) || lower === "nan") return number;
  }
  throw new TemplateError(
    `can't convert ${typeName(value)} ${JSON.stringify(printValue(value))} to a number`,
  );
}
