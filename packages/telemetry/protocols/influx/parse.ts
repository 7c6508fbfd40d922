/**
 * InfluxDB's line protocol (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/):
 * `measurement,tag=value field=1,other=2i 1465839830100400200`. Each numeric field becomes a series named
 * `measurement_field` (`measurement` alone for the field "value"), tags become labels; booleans are 1 and 0; text has no
 * place among samples and is left out.
 */
export interface InfluxPoint {
  /** Names and values in turn, without the metric's name. */
  labels: string[];
  fields: { name: string; value: number }[];
  /** As written; undefined where the line has none. */
  time: bigint | undefined;
  /** Fields that hold text. */
  texts: number;
}

/** Undefined for empty lines and comments. Throws a TypeError that says what is wrong. */
export function parseInfluxLine(line: string): InfluxPoint | undefined {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return undefined;
  const keyEnd = endOf(text, 0, " ");
  const fieldsEnd = endOf(text, keyEnd + 1, " ", true);
  if (keyEnd >= text.length || fieldsEnd <= keyEnd + 1) throw new TypeError("a line has no fields");
  const [measurement = "", ...tags] = split(text.slice(0, keyEnd), ",");
  const base = metricPart(unescaped(measurement));
  if (base === "") throw new TypeError("a line has no measurement");
  const point: InfluxPoint = { labels: [], fields: [], time: timeOf(text.slice(fieldsEnd + 1)), texts: 0 };
  const names = new Set<string>();
  for (const tag of tags) {
    const [name, value] = pair(tag);
    const label = labelPart(name);
    if (names.has(label)) throw new TypeError("a line has a tag twice");
    names.add(label);
    point.labels.push(label, unescaped(value));
  }
  for (const field of split(text.slice(keyEnd + 1, fieldsEnd), ",", true)) {
    const [name, written] = pair(field);
    const value = fieldValue(written);
    if (value === undefined) point.texts++;
    else point.fields.push({ name: name === "value" ? base : `${base}_${metricPart(name)}`, value });
  }
  return point;
}

function fieldValue(text: string): number | undefined {
  if (text.startsWith('"')) return undefined;
  if (/^(t|T|true|True|TRUE)$/.test(text)) return 1;
  if (/^(f|F|false|False|FALSE)$/.test(text)) return 0;
  const [, digits] = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[iu]?$/.exec(text) ?? [];
  if (digits === undefined) throw new TypeError(`"${text.slice(0, 40)}" is no value of a field`);
  return Number(digits);
}

function timeOf(text: string): bigint | undefined {
  const digits = text.trim();
  if (digits === "") return undefined;
  if (!/^-?\d{1,19}$/.test(digits)) throw new TypeError(`"${digits.slice(0, 40)}" is no time`);
  return BigInt(digits);
}

function pair(text: string): [name: string, value: string] {
  const at = endOf(text, 0, "=");
  if (at === 0 || at >= text.length) throw new TypeError(`"${text.slice(0, 40)}" is not NAME=VALUE`);
  return [unescaped(text.slice(0, at)), text.slice(at + 1)];
}

/** Where `mark` stands first, neither escaped nor, where `quotes` says so, in quotes; the end where it does not. */
function endOf(text: string, from: number, mark: string, quotes = false): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (letter === "\\") at++;
    else if (quotes && letter === '"') quoted = !quoted;
    else if (letter === mark && !quoted) return at;
  }
  return text.length;
}

function split(text: string, mark: string, quotes = false): string[] {
  const parts: string[] = [];
  for (let from = 0; from <= text.length; ) {
    const end = endOf(text, from, mark, quotes);
    parts.push(text.slice(from, end));
    from = end + 1;
  }
  return parts;
}

const unescaped = (text: string) => text.replace(/\\([,= \\])/g, "$1");

export const metricPart = (text: string) => text.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d)/, "_");
export const labelPart = (text: string) => text.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d)/, "_");
