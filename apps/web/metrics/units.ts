import type { Formats } from "../kit/format.ts";

/** Turns a value into text; `decimals` undefined: as many as the size of the value asks for. */
export type Show = (value: number, decimals?: number) => string;

export interface Unit {
  show: Show;
  /** Grid lines at powers of two. */
  binary?: boolean;
}

const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimal = ["", "k", "M", "G", "T", "P", "E"];
const small = ["", "m", "µ", "n", "p"];

/** Units by name, in groups, as the page offers them. Any other name is shown behind the number. */
export const unitGroups = {
  number: ["none", "short", "percent", "ratio", "scientific", "hex", "bool", "integer"],
  data: ["bytes", "bits", "decbytes", "decbits"],
  rate: [
    "bytes/s",
    "bits/s",
    "decbytes/s",
    "decbits/s",
    "per second",
    "per minute",
    "requests/s",
    "packets/s",
    "operations/s",
  ],
  time: [
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "minutes",
    "hours",
    "days",
    "duration",
    "date",
    "date in ms",
  ],
  physical: [
    "celsius",
    "fahrenheit",
    "kelvin",
    "volts",
    "amperes",
    "watts",
    "joules",
    "hertz",
    "rpm",
    "meters",
    "decibels",
  ],
} as const;

type Number_ = (value: number, decimals?: number) => string;

function scaled(number: Number_, suffix: string, base: 1000 | 1024): Show {
  const prefixes = base === 1024 ? binary : decimal;
  return (value, decimals) => {
    const size = Math.abs(value);
    if (base === 1000 && size > 0 && size < 0.01 && suffix !== "") {
      const down = Math.min(small.length - 1, Math.ceil(-Math.log10(size) / 3));
      return `${number(value * 1000 ** down, decimals)} ${small[down]}${suffix}`;
    }
    const power =
      size < base ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log(size) / Math.log(base) + 1e-9));
    const text = number(value / base ** power, decimals);
    const unit = `${prefixes[power] ?? ""}${suffix}`;
    return unit === "" ? text : `${text} ${unit}`;
  };
}

function seconds(number: Number_, factor: number): Show {
  return (given, decimals) => {
    const value = given * factor;
    const size = Math.abs(value);
    if (size === 0) return `${number(0)} s`;
    if (size < 1e-6) return `${number(value * 1e9, decimals)} ns`;
    if (size < 1e-3) return `${number(value * 1e6, decimals)} µs`;
    if (size < 1) return `${number(value * 1e3, decimals)} ms`;
    if (size < 120) return `${number(value, decimals)} s`;
    if (size < 7200) return `${number(value / 60, decimals)} min`;
    if (size < 172_800) return `${number(value / 3600, decimals)} h`;
    return `${number(value / 86_400, decimals)} d`;
  };
}

const named: Record<string, string> = {
  "requests/s": "req/s",
  "packets/s": "p/s",
  "operations/s": "op/s",
  "per second": "/s",
  "per minute": "/min",
  celsius: "°C",
  fahrenheit: "°F",
  kelvin: "K",
  rpm: "rpm",
  decibels: "dB",
};
const metric: Record<string, string> = {
  volts: "V",
  amperes: "A",
  watts: "W",
  joules: "J",
  hertz: "Hz",
  meters: "m",
};
const secondsIn: Record<string, number> = {
  seconds: 1,
  duration: 1,
  milliseconds: 1e-3,
  microseconds: 1e-6,
  nanoseconds: 1e-9,
  minutes: 60,
  hours: 3600,
  days: 86_400,
};

/** How values of a unit read, in the language of `formats`. */
export function unitOf(name: string | undefined, formats: Formats): Unit {
  const number: Number_ = (value, decimals) =>
    decimals === undefined ? formats.number(value) : formats.fixed(value, decimals);
  const special = (value: number): string | undefined =>
    Number.isFinite(value) ? undefined : Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const unit = baseUnit(name ?? "short", number, formats);
  return { ...unit, show: (value, decimals) => special(value) ?? unit.show(value, decimals) };
}

function baseUnit(name: string, number: Number_, formats: Formats): Unit {
  const factor = secondsIn[name];
  if (factor !== undefined) return { show: seconds(number, factor) };
  const suffix = metric[name];
  if (suffix !== undefined) return { show: scaled(number, suffix, 1000) };
  const word = named[name];
  if (word !== undefined)
    return {
      show: (value, decimals) =>
        `${scaled(number, "", 1000)(value, decimals)}${/^[/°]/.test(word) ? "" : " "}${word}`,
    };
  const larger = /^(ki|me|gi|te)(bi|lo|ga|ra)(bytes|bits)(\/s)?$/.exec(name);
  if (larger) {
    const text = `${larger[3] === "bits" ? "b" : "B"}${larger[4] ?? ""}`;
    const base = larger[2] === "bi" ? 1024 : 1000;
    const factor = base ** (["ki", "me", "gi", "te"].indexOf(larger[1] ?? "") + 1);
    const show = scaled(number, text, base);
    return { show: (value, decimals) => show(value * factor, decimals) };
  }
  const data = /^(dec)?(bytes|bits)(\/s)?$/.exec(name);
  if (data) {
    const text = `${data[2] === "bits" ? "b" : "B"}${data[3] ?? ""}`;
    return { show: scaled(number, text, data[1] ? 1000 : 1024), binary: !data[1] };
  }
  const share: Show = (value, decimals) =>
    decimals === undefined ? formats.percent(value) : `${formats.fixed(value * 100, decimals)} %`;
  switch (name) {
    case "none":
      return { show: number };
    case "short":
      return { show: scaled(number, "", 1000) };
    case "integer":
      return { show: (value) => formats.fixed(value, 0) };
    case "percent":
      return { show: (value, decimals) => share(value / 100, decimals) };
    case "ratio":
      return { show: (value, decimals) => share(value, decimals) };
    case "scientific":
      return { show: (value, decimals) => value.toExponential(decimals ?? 2) };
    case "hex":
      return { show: (value) => `0x${Math.round(value).toString(16).toUpperCase()}` };
    case "bool":
      return { show: (value) => (value === 0 ? "false" : "true") };
    case "date":
      return { show: (value) => formats.dateTime(value * 1000) };
    case "date in ms":
      return { show: (value) => formats.dateTime(value) };
    default:
      return { show: (value, decimals) => `${number(value, decimals)} ${name}` };
  }
}

const suffixes: [RegExp, string][] = [
  [/_bytes(_|$)/, "bytes"],
  [/_seconds(_|$)/, "seconds"],
  [/_milliseconds(_|$)/, "milliseconds"],
  [/_ratio(_|$)/, "ratio"],
  [/_percent(age)?(_|$)/, "percent"],
  [/_celsius(_|$)/, "celsius"],
  [/_volts?(_|$)/, "volts"],
  [/_amperes?(_|$)/, "amperes"],
  [/_watts?(_|$)/, "watts"],
  [/_joules?(_|$)/, "joules"],
  [/_hertz(_|$)/, "hertz"],
  [/_rpm(_|$)/, "rpm"],
];

/** From the names of metrics in an expression and what is made of them; undefined where they do not say. */
export function guessUnit(expr: string): string | undefined {
  const bare = expr
    .replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`/g, '""')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  if (/^\s*(count|count_values|group)\b/.test(bare)) return "short";
  const names = [...bare.replace(/\{[^}]*\}/g, "").matchAll(/[a-zA-Z_:][\w:]*_[\w:]+/g)]
    .map(([name]) => name)
    .filter(
      (name) => !/_over_time$|^(histogram|label|quantile|predict|day|days|clamp|group|count)_/.test(name),
    );
  const [first = ""] = names;
  const found = suffixes.find(([pattern]) => pattern.test(first))?.[1];
  const counts = /\b(rate|irate|deriv)\s*\(/.test(bare);
  const quantile = /\bhistogram_(quantile|avg)\s*\(/.test(bare);
  const divided = bare.includes("/");
  // A sum of times divided by a count of them is a time; bytes divided by bytes are a share.
  if (divided) {
    if (/_sum$/.test(first)) return found;
    return found &&
      names.length > 1 &&
      names.every((name) => suffixes.find(([p]) => p.test(name))?.[1] === found)
      ? "ratio"
      : undefined;
  }
  if (!counts || quantile) return found ?? (quantile ? undefined : first ? "short" : undefined);
  if (found === "bytes") return "bytes/s";
  if (found === "seconds") return "ratio";
  return found ?? (first ? "per second" : undefined);
}
