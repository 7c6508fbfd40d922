import type { PanelOverride, PanelReduction, Threshold, ValueMapping } from "@havn/model";
import { paletteOf, toneOf } from "./colors.ts";
import { between, cut, given, type Json, list, number, plainText, record, text } from "./json.ts";
import { unitOf } from "./units.ts";

/** What Grafana's `fieldConfig` says of how values are shown. */
export function fieldsOf(panel: Json) {
  const { defaults, overrides } = record(panel.fieldConfig);
  const { unit, decimals, min, max, thresholds, mappings, custom: drawing, color } = record(defaults);
  const custom = record(drawing);
  const fixed = record(color).mode === "fixed" ? paletteOf(record(color).fixedColor) : undefined;
  const range = { min: number(min), max: number(max) };
  return given({
    unit: cut(unitOf(text(unit)), 500),
    decimals: decimalsOf(decimals),
    ...range,
    thresholds: thresholdsOf(thresholds, range),
    mappings: mappingsOf(mappings),
    logarithmic: record(custom.scaleDistribution).type === "log" ? true : undefined,
    overrides: [
      ...(fixed === undefined ? [] : [{ match: { pattern: "" }, color: fixed }]),
      ...list(overrides).flatMap((override) => overrideOf(override, panel)),
    ].slice(0, 200),
    ...lookOf(custom),
  });
}

export const decimalsOf = (value: unknown): number | undefined => {
  const decimals = number(value);
  return decimals === undefined ? undefined : between(decimals, 0, 10);
};

function lookOf(custom: Json) {
  const fill = number(custom.fillOpacity);
  const mode = record(custom.stacking).mode;
  return {
    line: custom.drawStyle === "bars" || custom.drawStyle === "points" ? custom.drawStyle : undefined,
    fill: fill === undefined || fill <= 0 ? undefined : Math.min(1, fill / 100),
    stack: mode === "normal" || mode === "percent" ? mode : undefined,
  } as const;
}

/** Steps in percent of a range become values. */
export function thresholdsOf(
  thresholds: unknown,
  { min = 0, max = 100 }: { min: number | undefined; max: number | undefined },
): Threshold[] {
  const { mode, steps } = record(thresholds);
  const read = list(steps).map(({ color, value }): Threshold => {
    const from = number(value);
    const shown = from === undefined ? null : mode === "percentage" ? min + ((max - min) * from) / 100 : from;
    return { from: shown, tone: toneOf(color) };
  });
  const known = read.filter(({ from }) => from === null || Number.isFinite(from));
  // A single step from the lowest on colours nothing differently.
  return known.length > 1 ? known.slice(0, 50) : [];
}

export function mappingsOf(mappings: unknown): ValueMapping[] {
  return list(mappings).flatMap(mappingOf).slice(0, 500);
}

function mappingOf(mapping: Json): ValueMapping[] {
  const options = record(mapping.options);
  const result = (one: unknown): Pick<ValueMapping, "text" | "tone"> => {
    const { text: label, color } = record(one);
    return given({ text: cut(text(label), 500), tone: text(color) ? toneOf(color) : undefined });
  };
  switch (mapping.type) {
    case "value":
      return Object.entries(options).map(([value, one]) => ({ value: value.slice(0, 500), ...result(one) }));
    case "range":
      return [given({ from: number(options.from), to: number(options.to), ...result(options.result) })];
    case "regex":
      return [{ pattern: patternOf(text(options.pattern) ?? "").slice(0, 500), ...result(options.result) }];
    case "special": {
      const value = specials[plainText(options.match)];
      return value === undefined ? [] : [{ value, ...result(options.result) }];
    }
    // As they were before Grafana 8: 1 a value, 2 a range.
    case 1:
      return [
        given({ value: cut(text(plainText(mapping.value ?? "")), 500), text: cut(text(mapping.text), 500) }),
      ];
    case 2:
      return [
        given({ from: number(mapping.from), to: number(mapping.to), text: cut(text(mapping.text), 500) }),
      ];
    default:
      return [];
  }
}

const specials: Record<string, string> = {
  null: "null",
  nan: "NaN",
  "null+nan": "null",
  true: "1",
  false: "0",
};

/** `/expression/i` without its slashes; what ignores case begins with `(?i)`. */
export function patternOf(written: string): string {
  const found = /^\/(.*)\/(\w*)$/s.exec(written);
  if (!found) return written;
  return `${found[2]?.includes("i") ? "(?i)" : ""}${found[1] ?? ""}`;
}

export const quoteRegex = (value: string): string => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

function overrideOf(override: Json, panel: Json): PanelOverride[] {
  const match = matchOf(record(override.matcher), panel);
  if (!match) return [];
  const read: Partial<PanelOverride> = {};
  for (const { id, value } of list(override.properties))
    Object.assign(read, propertyOf(plainText(id), value));
  return Object.keys(read).length === 0 ? [] : [{ match, ...given(read) }];
}

function matchOf({ id, options }: Json, panel: Json): PanelOverride["match"] | undefined {
  switch (id) {
    case "byName":
      return text(options) === undefined ? undefined : { name: plainText(options).slice(0, 500) };
    case "byRegexp":
      return { pattern: patternOf(text(options) ?? "").slice(0, 500) };
    case "byNames": {
      const { mode, names } = record(options);
      const known = (Array.isArray(names) ? names : []).filter((name) => typeof name === "string");
      const any = known.map(quoteRegex).join("|");
      const pattern = mode === "exclude" ? `^(?!(?:${any})$)` : `^(?:${any})$`;
      return pattern.length > 500 ? undefined : { pattern };
    }
    case "byFrameRefID": {
      const query = list(panel.targets).findIndex(({ refId }) => refId === options);
      return query === -1 ? undefined : { query };
    }
    // Every field that has values, or numbers: all series.
    case "byType":
      return options === "number" ? { pattern: "" } : undefined;
    default:
      return undefined;
  }
}

function propertyOf(id: string, value: unknown): Partial<PanelOverride> {
  switch (id) {
    case "displayName":
      return { title: plainText(value).slice(0, 500) };
    case "unit":
      return { unit: (unitOf(text(value)) ?? "short").slice(0, 500) };
    case "decimals":
      return { decimals: decimalsOf(value) };
    case "color": {
      const { mode, fixedColor } = record(value);
      return mode === "fixed" || mode === "shades"
        ? { color: paletteOf(fixedColor), tone: toneOf(fixedColor) }
        : {};
    }
    case "custom.axisPlacement":
      return value === "right" || value === "left" ? { axis: value } : {};
    case "custom.transform":
      return value === "negative-Y" ? { negative: true } : {};
    case "custom.stacking":
      return { stack: record(value).mode !== "none" && record(value).group !== false };
    case "custom.fillOpacity":
      return { fill: Math.min(1, Math.max(0, (number(value) ?? 0) / 100)) };
    case "custom.drawStyle":
      return value === "line" || value === "bars" || value === "points" ? { line: value } : {};
    case "custom.lineWidth":
      return number(value) === 0 ? { line: "none" } : {};
    case "custom.lineStyle":
      return { dashed: record(value).fill === "dash" ? true : undefined };
    case "custom.hidden":
    case "custom.hideFrom":
      return value === true || record(value).viz === true ? { hidden: true } : {};
    default:
      return {};
  }
}

const reductions: Record<string, PanelReduction> = {
  lastNotNull: "last",
  last: "last",
  current: "last",
  firstNotNull: "first",
  first: "first",
  mean: "mean",
  avg: "mean",
  min: "min",
  max: "max",
  sum: "sum",
  total: "sum",
  count: "count",
  range: "range",
  diff: "delta",
  delta: "delta",
};

/** What becomes of a series, by Grafana's names of old and new; undefined: its newest value. */
export function reduceOf(calculation: unknown): PanelReduction | undefined {
  const name = plainText(calculation ?? "lastNotNull");
  const found = Object.hasOwn(reductions, name) ? reductions[name] : undefined;
  return found === "last" ? undefined : found;
}
