import { findDuration } from "@havn/model";
import { compileLoose, expand } from "@havn/model/regexp";
import { TemplateError } from "./lex.ts";
import { formatG, isRecord, printValue, sprintf, toFloat, type Value } from "./print.ts";

/** What functions ask of the place that they run at. */
export interface TemplateContext {
  /** Evaluates PromQL at the time of the alert; samples in the order of the result. */
  query(expr: string): Promise<{ labels: Readonly<Record<string, string>>; value: number }[]>;
  /** Milliseconds since the epoch. */
  now: number;
  externalUrl: string;
}

type TemplateFunction = (given: readonly Value[], context: TemplateContext) => Value | Promise<Value>;

const text = (value: Value): string => (typeof value === "string" ? value : printValue(value));
const oneNumber =
  (render: (value: number) => string): TemplateFunction =>
  ([given]) =>
    render(toFloat(given));
const oneText =
  (render: (value: string) => Value): TemplateFunction =>
  ([given]) =>
    render(text(given));

/** All of Prometheus' functions and Go's own, but `and` and `or`, which do not evaluate all that they are given. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  query: async ([expr], context) =>
    (await context.query(text(expr))).map(({ labels, value }) => ({ Labels: labels, Value: value })),
  first: ([found]) => {
    if (Array.isArray(found) && found.length > 0) return found[0] as Value;
    throw new TemplateError("first() called on vector with no elements");
  },
  label: ([name, sample]) => labelOf(sample, text(name)),
  value: ([sample]) => (isRecord(sample) ? sample.Value : fail("value() needs a sample")),
  strvalue: ([sample]) => labelOf(sample, "__value__"),
  sortByLabel: ([name, found]) =>
    Array.isArray(found)
      ? found.toSorted((a: Value, b: Value) => compareText(labelOf(a, text(name)), labelOf(b, text(name))))
      : fail("sortByLabel() needs the result of a query"),
  args: (given) => Object.fromEntries(given.map((value, at) => [`arg${at}`, value])),
  humanize: oneNumber(humanize),
  humanize1024: oneNumber(humanize1024),
  humanizeDuration: oneNumber(humanizeDuration),
  humanizePercentage: oneNumber((value) => `${formatG(value * 100, 4)}%`),
  humanizeTimestamp: oneNumber((value) =>
    Number.isFinite(value) ? printValue(new Date(value * 1000)) : formatG(value, 4),
  ),
  toTime: ([value]) => new Date(toFloat(value) * 1000),
  toDuration: oneNumber((value) => goDuration(value)),
  now: (_, { now }) => now / 1000,
  parseDuration: oneText((given) => {
    const milliseconds = findDuration(given);
    return milliseconds === undefined ? fail(`${JSON.stringify(given)} is no duration`) : milliseconds / 1000;
  }),
  title: oneText((given) =>
    given.replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  ),
  toUpper: oneText((given) => given.toUpperCase()),
  toLower: oneText((given) => given.toLowerCase()),
  stripPort: oneText((given) => splitPort(given)?.host ?? given),
  stripDomain: oneText(stripDomain),
  match: ([pattern, given]) =>
    regexp(() => compileLoose(text(pattern)))
      .matcher(text(given))
      .find(),
  reReplaceAll: ([pattern, replacement, given]) =>
    replaceAll(text(given), { pattern: text(pattern), replacement: text(replacement) }),
  graphLink: oneText((expr) => graphLink(expr, 0)),
  tableLink: oneText((expr) => graphLink(expr, 1)),
  urlQueryEscape: oneText(queryEscape),
  externalURL: (_, { externalUrl }) => externalUrl,
  pathPrefix: (_, { externalUrl }) => (URL.canParse(externalUrl) ? new URL(externalUrl).pathname : ""),
  safeHtml: oneText((given) => given),
  print: (given) => given.map(text).join(""),
  println: (given) => `${given.map(text).join(" ")}\n`,
  printf: ([format, ...values]) => sprintf(text(format), values),
  html: (given) => escapeHtml(given.map(text).join("")),
  js: (given) => JSON.stringify(given.map(text).join("")).slice(1, -1).replaceAll("'", "\\'"),
  urlquery: (given) => queryEscape(given.map(text).join("")),
  len: ([given]) => BigInt(lengthOf(given)),
  index: ([given, ...keys]) => keys.reduce<Value>(indexInto, given),
  slice: ([given, from, to]) => sliceOf(given, from, to),
  not: ([given]) => !isTrue(given),
  eq: ([first, ...others]) => others.some((other) => isEqual(first, other)),
  ne: ([a, b]) => !isEqual(a, b),
  lt: ([a, b]) => compare(a, b) < 0,
  le: ([a, b]) => compare(a, b) <= 0,
  gt: ([a, b]) => compare(a, b) > 0,
  ge: ([a, b]) => compare(a, b) >= 0,
};

export const functionNames: ReadonlySet<string> = new Set([
  ...Object.keys(functions),
  "and",
  "or",
  "tmpl",
  "call",
]);

function fail(what: string): never {
  throw new TemplateError(what);
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function labelOf(sample: Value, name: string): string {
  const labels = isRecord(sample) ? sample.Labels : undefined;
  if (labels === undefined || !isRecord(labels)) return fail(`label() needs a sample`);
  return text(labels[name] ?? "");
}

/** Go's idea of true: not empty, not zero. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === "" || value === 0 || value === 0n || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : true;
}

const isNumber = (value: Value): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

function isEqual(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b);
  if (typeof a !== typeof b) fail("incompatible types for comparison");
  return a === b;
}

function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  return fail("incompatible types for comparison");
}

function lengthOf(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return isRecord(value) ? Object.keys(value).length : fail("len of something that has no length");
}

function indexInto(held: Value, key: Value): Value {
  if (Array.isArray(held)) {
    const at = Number(key);
    if (!(at >= 0 && at < held.length)) fail(`index out of range: ${printValue(key)}`);
    return held[at] as Value;
  }
  if (isRecord(held)) return Object.hasOwn(held, text(key)) ? held[text(key)] : "";
  return fail("can't index what is no list and no map");
}

function sliceOf(value: Value, from: Value, to: Value): Value {
  const [start, end] = [Number(from ?? 0n), to === undefined ? undefined : Number(to)];
  if (typeof value === "string") return value.slice(start, end);
  return Array.isArray(value) ? value.slice(start, end) : fail("can't slice what is no text and no list");
}

const large = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const small = ["m", "u", "n", "p", "f", "a", "z", "y"];

function scaled(value: number, prefixes: readonly string[], step: (value: number) => number | undefined) {
  let [now, prefix] = [value, ""];
  for (const each of prefixes) {
    const next = step(now);
    if (next === undefined) break;
    [now, prefix] = [next, each];
  }
  return { value: now, prefix };
}

const down = (value: number) => (Math.abs(value) >= 1 ? undefined : value * 1000);

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return formatG(value, 4);
  const { value: shown, prefix } =
    Math.abs(value) >= 1
      ? scaled(value, large, (now) => (Math.abs(now) < 1000 ? undefined : now / 1000))
      : scaled(value, small, down);
  return `${formatG(shown, 4)}${prefix}`;
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return formatG(value, 4);
  const binary = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
  const shown = scaled(value, binary, (now) => (Math.abs(now) < 1024 ? undefined : now / 1024));
  return `${formatG(shown.value, 4)}${shown.prefix}`;
}

function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return formatG(value, 4);
  if (value === 0) return "0s";
  if (Math.abs(value) < 1) {
    const { value: shown, prefix } = scaled(value, small, down);
    return `${formatG(shown, 4)}${prefix}s`;
  }
  const sign = value < 0 ? "-" : "";
  const whole = Math.trunc(Math.abs(value));
  const [seconds, minutes, hours] = [whole % 60, Math.trunc(whole / 60) % 60, Math.trunc(whole / 3600) % 24];
  const days = Math.trunc(whole / 86_400);
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${formatG(Math.abs(value), 4)}s`;
}

/** As Go prints a time.Duration: `1h2m3.5s`. */
function goDuration(seconds: number): string {
  if (seconds === 0) return "0s";
  const sign = seconds < 0 ? "-" : "";
  const all = Math.abs(seconds);
  if (all < 1e-6) return `${sign}${formatG(all * 1e9, 15)}ns`;
  if (all < 1e-3) return `${sign}${formatG(all * 1e6, 15)}µs`;
  if (all < 1) return `${sign}${formatG(all * 1e3, 15)}ms`;
  const hours = Math.trunc(all / 3600);
  const minutes = Math.trunc(all / 60) % 60;
  const rest = `${formatG(all - hours * 3600 - minutes * 60, 15)}s`;
  return sign + (hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : "") + rest;
}

function splitPort(address: string): { host: string; port: string } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || port === undefined ? undefined : { host, port };
}

function stripDomain(address: string): string {
  const split = splitPort(address);
  const host = split?.host ?? address;
  if (/^[\d.]+$/.test(host) || host.includes(":")) return address;
  const [short = ""] = host.split(".");
  return split ? `${short}:${split.port}` : short;
}

function regexp<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    return fail((error as Error).message);
  }
}

function replaceAll(
  given: string,
  { pattern, replacement }: { pattern: string; replacement: string },
): string {
  const matcher = regexp(() => compileLoose(pattern)).matcher(given);
  let [out, from] = ["", 0];
  while (matcher.find()) {
    const group = (name: string): string | undefined => {
      if (/^\d+$/.test(name))
        return Number(name) > matcher.groupCount() ? undefined : (matcher.group(Number(name)) ?? "");
      return matcher.group(name) ?? "";
    };
    out += given.slice(from, matcher.start()) + expand(replacement, { group });
    from = matcher.end();
  }
  return out + given.slice(from);
}

const graphLink = (expr: string, tab: number) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=${tab}`;

/** Go's url.QueryEscape. */
function queryEscape(given: string): string {
  return encodeURIComponent(given)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

const entities: Readonly<Record<string, string>> = {
  ...{ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd" },
};
const escapeHtml = (given: string) => given.replace(/[<>&"'\0]/g, (letter) => entities[letter] ?? letter);
