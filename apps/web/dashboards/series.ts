import type { DashboardPanel } from "@havn/model";
import type { Formats } from "../kit/format.ts";
import { frameOf, type Labels, latest, parseValue } from "../metrics/answer.ts";
import { distinctNames, legendOf, seriesName } from "../metrics/names.ts";
import { type PlotLine, paletteSize } from "../metrics/plot-options.ts";
import { guessUnit, type Unit, unitOf } from "../metrics/units.ts";
import { lookOf, reducedTo } from "./looks.ts";
import { fillIn } from "./template.ts";
import type { PanelAsked, PanelState } from "./use-panel.ts";

export const mostLines = 200;

/** The unit that is written, or what the names of the metrics say. */
export const unitNameOf = (panel: DashboardPanel): string =>
  panel.unit ??
  (panel.queries ?? []).map(({ expr }) => guessUnit(expr)).find((one) => one !== undefined) ??
  "short";

/** A unit whose values are shown with the panel's decimals. */
export function panelUnit(
  panel: DashboardPanel,
  formats: Formats,
  override: string | undefined = undefined,
): Unit {
  const unit = unitOf(override ?? unitNameOf(panel), formats);
  const { decimals } = panel;
  return decimals === undefined ? unit : { ...unit, show: (value, own) => unit.show(value, own ?? decimals) };
}

interface Named {
  metric: Labels;
  query: number;
}

/** What each series is called: by its query's legend, else by what it differs in. */
export function namesOf(
  series: readonly Named[],
  panel: DashboardPanel,
  variables: PanelState["variables"],
): string[] {
  const usual = distinctNames(series.map(({ metric }) => metric));
  return series.map(({ metric, query }, at) => {
    const legend = panel.queries?.[query]?.legend;
    if (legend) return legendOf(fillIn(legend, variables, "text"), metric);
    const name = usual[at] ?? "";
    return name === "{}" ? fillIn(panel.title, variables, "text") || name : name;
  });
}

/** Lines of a panel with what its overrides make of them. */
export function linesOf(
  panel: DashboardPanel,
  asked: PanelAsked,
  given: Pick<PanelState, "variables"> & { formats: Formats },
) {
  const frame = frameOf(asked.answers, asked.window);
  const names = namesOf(frame.series, panel, given.variables);
  const few = frame.series.length === 1;
  const lines = frame.series.flatMap(({ query, values }, at): PlotLine[] => {
    const name = names[at] ?? "";
    const look = lookOf(panel.overrides, { name, query });
    if (look.hidden) return [];
    const stacked = panel.stack !== undefined && panel.stack !== "off";
    return [
      {
        ...{ name: look.title ? fillIn(look.title, given.variables, "text") : name, values },
        color: look.color ?? at % paletteSize,
        ...{ axis: look.axis, negative: look.negative, dashed: look.dashed },
        fill: look.fill ?? panel.fill ?? (few && !stacked ? 0.12 : undefined),
        style: look.line ?? panel.line,
        alone: look.stack === false ? true : undefined,
        unit: look.unit === undefined ? undefined : panelUnit(panel, given.formats, look.unit),
      },
    ];
  });
  return {
    times: frame.times,
    lines: lines.slice(0, mostLines),
    left: Math.max(0, lines.length - mostLines),
  };
}

export interface Figure {
  name: string;
  value: number | undefined;
  /** Over time, where it was asked so. */
  values: readonly (number | null)[];
  look: ReturnType<typeof lookOf>;
}

/** One number for each series: what stats, gauges and bars show. */
export function figuresOf(
  panel: DashboardPanel,
  asked: PanelAsked,
  variables: PanelState["variables"],
): Figure[] {
  const ranged = frameOf(asked.answers, asked.window).series;
  const instant = asked.answers.flatMap((answer, query) =>
    answer && answer.series.every(({ values }) => values === undefined)
      ? latest(answer).map(({ metric, value }) => ({ metric, query, values: [finite(value)] }))
      : [],
  );
  const series = [...ranged, ...instant].sort((a, b) => a.query - b.query);
  const names = namesOf(series, panel, variables);
  return series.flatMap(({ query, values }, at) => {
    const name = names[at] ?? "";
    const look = lookOf(panel.overrides, { name, query });
    if (look.hidden) return [];
    return [{ name: look.title ?? name, value: reducedTo(values, panel.reduce), values, look }];
  });
}

const finite = (text: string): number | null => {
  const value = parseValue(text);
  return Number.isFinite(value) ? value : null;
};

export interface Column {
  key: string;
  title: string;
  number: boolean;
  unit: Unit | undefined;
}
export interface TableRow {
  labels: Labels;
  /** By query. */
  values: ReadonlyMap<number, number>;
}

const letterOf = (query: number) => String.fromCharCode(65 + query);

/** The newest values of all queries, joined where their labels are the same. */
export function tableOf(
  panel: DashboardPanel,
  asked: PanelAsked,
  formats: Formats,
): { columns: Column[]; rows: TableRow[] } {
  const rows = new Map<string, { labels: Labels; values: Map<number, number> }>();
  for (const [query, answer] of asked.answers.entries())
    for (const { metric, value } of answer ? latest(answer) : []) {
      const { __name__: _, ...labels } = metric;
      const key = seriesName(labels);
      const row = rows.get(key) ?? { labels, values: new Map() };
      rows.set(key, row);
      row.values.set(query, parseValue(value));
    }
  const list = [...rows.values()];
  const labels = [...new Set(list.flatMap((row) => Object.keys(row.labels)))].sort();
  const asking = (panel.queries ?? []).flatMap(({ hidden }, query) => (hidden ? [] : [query]));
  const columns = [
    ...labels.map((key) => ({ key, title: key, number: false, query: -1 })),
    ...asking.map((query) => ({
      key: `#${query}`,
      title: asking.length === 1 ? "Value" : `Value #${letterOf(query)}`,
      number: true,
      query,
    })),
  ].flatMap(({ key, title, number, query }): Column[] => {
    // Grafana calls the only column of values "Value" in some tables and "Value #A" in others.
    const look = {
      ...lookOf(panel.overrides, { name: title, query }),
      ...(number && lookOf(panel.overrides, { name: `Value #${letterOf(query)}`, query })),
    };
    if (look.hidden) return [];
    const legend = number ? panel.queries?.[query]?.legend : undefined;
    const unit = number ? panelUnit(panel, formats, look.unit) : undefined;
    return [{ key, title: look.title ?? legend ?? title, number, unit }];
  });
  return { columns, rows: list };
}
