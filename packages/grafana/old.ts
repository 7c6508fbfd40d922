import type { DashboardPanel, PanelOverride, Threshold } from "@havn/model";
import { paletteOf, toneOf } from "./colors.ts";
import { decimalsOf, mappingsOf, patternOf, reduceOf } from "./fields.ts";
import { cut, given, type Json, list, number, plainText, record, text } from "./json.ts";
import { unitOf } from "./units.ts";

type Fields = Partial<Omit<DashboardPanel, "kind" | "title" | "queries">>;

/** How panels of before Grafana 7 and 8 are shown: graphs, single stats and tables. */
export function oldFieldsOf(panel: Json): Fields {
  if (panel.type === "graph") return given(graphOf(panel));
  return given(panel.type === "singlestat" ? singleStatOf(panel) : tableOf(panel));
}

function graphOf(panel: Json): Fields {
  const [left, right] = list(panel.yaxes);
  const legend = record(panel.legend);
  const fill = number(panel.fill);
  const alone = panel.lines === false;
  return {
    unit: cut(unitOf(text(left?.format)), 500),
    decimals: decimalsOf(left?.decimals ?? panel.decimals),
    min: number(left?.min),
    max: number(left?.max),
    logarithmic: (number(left?.logBase) ?? 1) > 1 ? true : undefined,
    stack: panel.stack !== true ? undefined : panel.percentage === true ? "percent" : "normal",
    // Grafana counted opacity in tenths.
    fill: fill === undefined || fill === 0 ? undefined : Math.min(1, fill / 10),
    line: panel.bars === true ? "bars" : alone && panel.points === true ? "points" : undefined,
    legend: legend.show === false ? "hidden" : legend.alignAsTable === true ? "table" : undefined,
    overrides: [
      ...list(panel.seriesOverrides).flatMap((one) => seriesOverride(one, right)),
      ...Object.entries(record(panel.aliasColors)).map(([name, color]) => ({
        match: { name: name.slice(0, 500) },
        color: paletteOf(color),
      })),
    ].slice(0, 200),
  };
}

function seriesOverride(override: Json, right: Json | undefined): PanelOverride[] {
  const alias = text(override.alias);
  if (alias === undefined) return [];
  const fill = number(override.fill);
  const onRight = override.yaxis === 2;
  const read = given({
    negative: override.transform === "negative-Y" ? true : undefined,
    axis: onRight ? ("right" as const) : undefined,
    unit: onRight ? cut(unitOf(text(right?.format)), 500) : undefined,
    stack: typeof override.stack === "boolean" ? override.stack : undefined,
    fill: fill === undefined ? undefined : Math.min(1, fill / 10),
    color: text(override.color) ? paletteOf(override.color) : undefined,
    line:
      override.bars === true ? ("bars" as const) : override.lines === false ? ("none" as const) : undefined,
    dashed: override.dashes === true ? true : undefined,
    hidden: override.hiddenSeries === true ? true : undefined,
  });
  if (Object.keys(read).length === 0) return [];
  const match = alias.startsWith("/")
    ? { pattern: patternOf(alias).slice(0, 500) }
    : { name: alias.slice(0, 500) };
  return [{ match, ...read }];
}

function singleStatOf(panel: Json): Fields {
  const colors = Array.isArray(panel.colors) ? panel.colors : [];
  const gauge = record(panel.gauge);
  const bounds = (text(panel.thresholds) ?? "")
    .split(",")
    .map(number)
    .filter((one) => one !== undefined);
  const coloured = panel.colorValue === true || panel.colorBackground === true || gauge.show === true;
  return {
    unit: cut(unitOf(text(panel.format)), 500),
    decimals: decimalsOf(panel.decimals),
    ...(gauge.show === true && { min: number(gauge.minValue) ?? 0, max: number(gauge.maxValue) ?? 100 }),
    reduce: reduceOf(panel.valueName ?? "avg"),
    thresholds:
      coloured && bounds.length > 0
        ? [null, ...bounds].map((from, step): Threshold => ({ from, tone: toneOf(colors[step]) }))
        : undefined,
    mappings: [
      ...list(panel.valueMaps).flatMap(({ value, text: shown }) =>
        text(value) && text(shown)
          ? [{ value: plainText(value).slice(0, 500), text: plainText(shown).slice(0, 500) }]
          : [],
      ),
      ...mappingsOf(list(panel.rangeMaps).map((map) => ({ ...map, type: 2 }))),
    ],
  };
}

function tableOf(panel: Json): Fields {
  return {
    overrides: list(panel.styles)
      .flatMap((style): PanelOverride[] => {
        const pattern = text(style.pattern);
        if (pattern === undefined || pattern === "/.*/") return [];
        const read = given({
          title: cut(text(style.alias), 500),
          unit: style.type === "date" ? "date in ms" : cut(unitOf(text(style.unit)), 500),
          decimals: style.type === "number" ? decimalsOf(style.decimals) : undefined,
          hidden: style.type === "hidden" ? true : undefined,
        });
        if (Object.keys(read).length === 0) return [];
        const match = pattern.startsWith("/")
          ? { pattern: patternOf(pattern).slice(0, 500) }
          : { name: pattern.slice(0, 500) };
        return [{ match, ...read }];
      })
      .slice(0, 200),
  };
}
