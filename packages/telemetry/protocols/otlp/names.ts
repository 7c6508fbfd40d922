import type { AnyValue, KeyValue } from "./schema.ts";

/** Names as Prometheus translates them: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ */
const units: Readonly<Record<string, string>> = {
  ...{
    d: "days",
    h: "hours",
    min: "minutes",
    s: "seconds",
    ms: "milliseconds",
    us: "microseconds",
    ns: "nanoseconds",
  },
  ...{ By: "bytes", KiBy: "kibibytes", MiBy: "mebibytes", GiBy: "gibibytes", TiBy: "tibibytes" },
  ...{ KBy: "kilobytes", MBy: "megabytes", GBy: "gigabytes", TBy: "terabytes" },
  ...{ m: "meters", V: "volts", A: "amperes", J: "joules", W: "watts", g: "grams" },
  ...{ Cel: "celsius", Hz: "hertz", "1": "", "%": "percent" },
};
const perUnits: Readonly<Record<string, string>> = {
  ...{ s: "second", m: "minute", h: "hour", d: "day", w: "week", mo: "month", y: "year" },
};

export function metricName(name: string, unit: string, type: "gauge" | "counter" | "other"): string {
  const parts = name.split(/[^a-zA-Z0-9:]+/).filter((part) => part !== "");
  const [main = "", per] = unit.split("/").map((part) => part.trim());
  const mainUnit = clean(units[main] ?? main);
  const perUnit = per === undefined ? "" : clean(perUnits[per] ?? per);
  if (mainUnit && !parts.includes(mainUnit)) parts.push(mainUnit);
  if (perUnit && !parts.includes(perUnit)) parts.push("per", perUnit);
  if (type === "counter") {
    const others = parts.filter((part) => part !== "total");
    parts.splice(0, parts.length, ...others, "total");
  }
  if (unit === "1" && type === "gauge" && !parts.includes("ratio")) parts.push("ratio");
  const joined = parts.join("_");
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** The unit as metadata tells it. */
export const unitName = (unit: string): string => clean(units[unit] ?? unit);

const clean = (unit: string) =>
  unit.includes("{") ? "" : unit.replace(/[^a-zA-Z0-9]+/g, "_").replace(/^_+|_+$/g, "");

/** Attributes as labels, names and values in turn; values of names that fall together are joined. */
export function labelsOf(attributes: readonly KeyValue[]): Map<string, string> {
  const labels = new Map<string, string>();
  const sorted = [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { key, value } of sorted) {
    const name = labelName(key);
    if (name === "") continue;
    const known = labels.get(name);
    const text = textOfValue(value);
    labels.set(name, known === undefined ? text : `${known};${text}`);
  }
  return labels;
}

export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
  if (/^\d/.test(name)) return `key_${name}`;
  return name.startsWith("_") && !name.startsWith("__") ? `key${name}` : name;
}

export function textOfValue(value: AnyValue | undefined): string {
  if (!value) return "";
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) return String(value.intValue);
  if (value.doubleValue !== undefined) return String(value.doubleValue);
  if (value.bytesValue !== undefined) return value.bytesValue;
  return JSON.stringify(plain(value)) ?? "";
}

function plain(value: AnyValue | undefined): unknown {
  if (value?.arrayValue) return value.arrayValue.values.map(plain);
  if (value?.kvlistValue)
    return Object.fromEntries(value.kvlistValue.values.map(({ key, value: inner }) => [key, plain(inner)]));
  if (value?.intValue !== undefined) return Number(value.intValue);
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? value?.bytesValue ?? null;
}

export function attributeOf(attributes: readonly KeyValue[], ...keys: string[]): string {
  for (const key of keys) {
    const found = attributes.find((attribute) => attribute.key === key);
    if (found) return textOfValue(found.value);
  }
  return "";
}
