import type { Measure, Range } from "../measure.ts";

/**
 * Performance data by the grammar of the plugin guidelines: `'label'=value[UOM];[warn];[crit];[min];[max]`, parted by
 * blanks; a quote inside of a quoted label is doubled. What cannot be read is named, the rest is taken.
 */
export function parsePerformanceData(text: string): { measures: Measure[]; unreadable: string[] } {
  const measures: Measure[] = [];
  const unreadable: string[] = [];
  for (const item of items(text)) {
    const measure = parseItem(item);
    if (measure) measures.push(measure);
    else unreadable.push(item);
  }
  return { measures, unreadable };
}

/** Parted by blanks outside of quotes. */
function items(text: string): string[] {
  const found: string[] = [];
  let item = "";
  let quoted = false;
  for (const letter of text) {
    if (letter === "'") quoted = !quoted;
    if (!quoted && /\s/.test(letter)) {
      if (item !== "") found.push(item);
      item = "";
    } else item += letter;
  }
  return item === "" ? found : [...found, item];
}

const number = String.raw`[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?`;
const shape = new RegExp(
  String.raw`^(?:'((?:[^']|'')+)'|([^=']+))=(U|(${number})([^;\d]*))((?:;[^;]*){0,5})$`,
);

function parseItem(item: string): Measure | undefined {
  const match = shape.exec(item);
  if (!match) return undefined;
  const [, quoted, plain = "", whole, value, unit = "", rest = ""] = match;
  const [, warning = "", critical = "", minimum = "", maximum = ""] = rest.split(";");
  const limits = [warning, critical].map(parseRange);
  if (limits.includes(null)) return undefined;
  const ends = [minimum, maximum].map(numberOf);
  if (ends.includes(null)) return undefined;
  return {
    label: quoted?.replaceAll("''", "'") ?? plain,
    value: whole === "U" ? undefined : (numberOf(value ?? "") ?? undefined),
    unit,
    ...(limits[0] && { warning: limits[0] }),
    ...(limits[1] && { critical: limits[1] }),
    ...(typeof ends[0] === "number" && { minimum: ends[0] }),
    ...(typeof ends[1] === "number" && { maximum: ends[1] }),
  };
}

/** Undefined for nothing, null for what is no number. Some plugins write a comma where their language does. */
function numberOf(text: string): number | null | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text.replace(",", "."));
  return Number.isFinite(value) ? value : null;
}

/** `10` is 0 to 10, `10:` is 10 and more, `~:10` is up to 10, `@10:20` alerts inside. Null: it cannot be read. */
export function parseRange(text: string): Range | null | undefined {
  if (text.trim() === "") return undefined;
  const match = /^(@)?(?:([^:]*):)?([^:]*)$/.exec(text.trim());
  if (!match) return null;
  const [, inside, from, to = ""] = match;
  const start = from === "~" ? Number.NEGATIVE_INFINITY : numberOf(from ?? "");
  const end = numberOf(to);
  if (start === null || end === null || (end === undefined && from === undefined)) return null;
  const range = { start: start ?? 0, end: end ?? Number.POSITIVE_INFINITY, inside: inside !== undefined };
  return range.start > range.end ? null : range;
}

const factors: Readonly<Record<string, [factor: number, unit: string]>> = {
  s: [1, "s"],
  ms: [1e-3, "s"],
  us: [1e-6, "s"],
  ns: [1e-9, "s"],
  B: [1, "B"],
  KB: [1024, "B"],
  MB: [1024 ** 2, "B"],
  GB: [1024 ** 3, "B"],
  TB: [1024 ** 4, "B"],
  PB: [1024 ** 5, "B"],
};

/** In seconds and bytes, whatever a plugin chose: series of one label can be compared. Other units stay. */
export function inBaseUnit(measure: Measure): Measure {
  const [factor, unit] = factors[measure.unit] ?? [1, measure.unit];
  if (factor === 1) return measure;
  const times = (value: number | undefined) => (value === undefined ? undefined : value * factor);
  const range = (one: Range | undefined) =>
    one && { ...one, start: one.start * factor, end: one.end * factor };
  return {
    ...{ label: measure.label, unit, value: times(measure.value) },
    ...{ warning: range(measure.warning), critical: range(measure.critical) },
    ...{ minimum: times(measure.minimum), maximum: times(measure.maximum) },
  };
}
