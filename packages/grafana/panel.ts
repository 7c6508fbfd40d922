import type { DashboardPanel, PanelKind, PanelOverride } from "@havn/model";
import { fieldsOf, reduceOf } from "./fields.ts";
import { between, cut, given, type Json, list, number, plainText, record, text, yes } from "./json.ts";
import type { Notes } from "./notes.ts";
import { oldFieldsOf } from "./old.ts";
import { withoutMarkup } from "./text.ts";

const kinds: Record<string, PanelKind> = {
  timeseries: "timeseries",
  graph: "timeseries",
  "natel-discrete-panel": "timeseries",
  barchart: "timeseries",
  trend: "timeseries",
  stat: "stat",
  singlestat: "stat",
  "grafana-singlestat-panel": "stat",
  gauge: "gauge",
  bargauge: "bar",
  piechart: "bar",
  "grafana-piechart-panel": "bar",
  table: "table",
  "table-old": "table",
  heatmap: "heatmap",
  "heatmap-new": "heatmap",
  text: "text",
  row: "row",
};
/** Shown, but not as Grafana draws them. */
const otherwise: Record<string, string> = {
  barchart: "bars over time",
  piechart: "bars",
  "grafana-piechart-panel": "bars",
  trend: "lines over time",
  "natel-discrete-panel": "lines over time",
};

/** One panel. What Havn has no kind for keeps its place, and says so. */
export function panelOf(panel: Json, notes: Notes): DashboardPanel {
  const title = text(panel.title)?.slice(0, 500) ?? "";
  const type = plainText(panel.type ?? "");
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  const frame = frameOf(panel, title);
  if (panel.libraryPanel !== undefined && kind === undefined) {
    notes.panel("library", title, (count) => `${count} in Grafana's library are not part of the file`);
    return { kind: "text", ...frame, text: "This panel stands in Grafana's library." };
  }
  if (kind === undefined) {
    notes.panel(
      type,
      title,
      (count, one) => `${count} ${one ? "uses" : "use"} the plugin ${type}, which Havn does not have`,
    );
    return { kind: "text", ...frame, text: `Grafana showed this with the plugin \`${type}\`.` };
  }
  if (panel.alert !== undefined)
    notes.panel(
      "alert",
      title,
      (count, one) => `${count} ${one ? "has" : "have"} an alert of Grafana's: declare it with alert()`,
    );
  const other = Object.hasOwn(otherwise, type) ? otherwise[type] : undefined;
  if (other)
    notes.panel(
      type,
      title,
      (count, one) => `${count} of type ${type} ${one ? "is" : "are"} shown as ${other}`,
    );
  if (kind === "row")
    return { kind, title, ...given({ collapsed: yes(panel.collapsed), ...repeatOf(panel) }) };
  if (kind === "text") return { kind, ...frame, text: contentOf(panel) };
  return given({
    ...{ kind: gaugeOf(kind, panel), ...frame },
    queries: queriesOf(panel, { kind, title }, notes),
    ...(usesOldModel(type, panel) ? oldFieldsOf(panel) : newFieldsOf(panel, kind)),
    ...(type === "barchart" && { line: "bars" as const }),
    ...(kind === "table" && organised(panel, title, notes)),
    ...(kind !== "table" && transformed(panel, title, notes)),
    interval: intervalOf(panel.interval),
  });
}

/** A single stat could be drawn as a gauge. */
const gaugeOf = (kind: PanelKind, panel: Json): PanelKind =>
  panel.type === "singlestat" && record(panel.gauge).show === true ? "gauge" : kind;

const usesOldModel = (type: string, panel: Json) =>
  type === "graph" ||
  type === "singlestat" ||
  type === "table-old" ||
  (type === "table" && panel.styles !== undefined);

function newFieldsOf(panel: Json, kind: PanelKind) {
  const options = record(panel.options);
  const legend = record(options.legend);
  const calculations = record(options.reduceOptions).calcs;
  const { line, fill, stack, ...rest } = fieldsOf(panel);
  const drawn = kind === "timeseries" ? { line, fill, stack } : {};
  const table = legend.displayMode === "table" || legend.asTable === true;
  const none = legend.showLegend === false || legend.displayMode === "hidden";
  return {
    ...rest,
    ...drawn,
    ...(kind === "timeseries" && {
      legend: none ? ("hidden" as const) : table ? ("table" as const) : undefined,
    }),
    ...(["stat", "gauge", "bar"].includes(kind) && {
      reduce: reduceOf(Array.isArray(calculations) ? calculations[0] : undefined),
    }),
  };
}

function frameOf(panel: Json, title: string) {
  const { x, y, w, h } = record(panel.gridPos);
  const place = (value: unknown, least: number, most: number) => {
    const known = number(value);
    return known === undefined ? undefined : between(known, least, most);
  };
  return given({
    title,
    description: cut(text(panel.description), 10_000),
    x: place(x, 0, 23),
    y: place(y, 0, 100_000),
    width: place(w, 1, 24),
    height: place(h, 1, 200),
    ...repeatOf(panel),
    links: linksOf(panel.links),
  });
}

function repeatOf(panel: Json) {
  const variable = text(panel.repeat);
  if (variable === undefined || !/^\w{1,64}$/.test(variable)) return {};
  const most = number(panel.maxPerRow);
  return given({
    repeat: variable,
    repeatDown: panel.repeatDirection === "v" ? true : undefined,
    width: most === undefined || panel.repeatDirection === "v" ? undefined : between(24 / most, 1, 24),
  });
}

export const linksOf = (links: unknown) =>
  list(links).flatMap(({ title, url }) => {
    const address = text(url);
    if (address === undefined || !/^(https?:\/\/|\/(?!\/))/.test(address) || address.length > 5_000)
      return [];
    // A path of Grafana leads nowhere here.
    return address.startsWith("/") ? [] : [{ title: (text(title) ?? address).slice(0, 500), url: address }];
  });

function queriesOf(panel: Json, { kind, title }: { kind: PanelKind; title: string }, notes: Notes) {
  const foreign = new Set<string>();
  const queries = list(panel.targets).flatMap((target) => {
    const source =
      text(record(target.datasource).type) ?? text(record(panel.datasource).type) ?? "prometheus";
    const expr = text(target.expr);
    if (expr === undefined || !/prometheus|mixed|datasource|^\$|^-- /i.test(source)) {
      if (!/prometheus|datasource|mixed/i.test(source)) foreign.add(source);
      else if (target.type === "math" || target.expression !== undefined)
        foreign.add("Grafana's expressions");
      return [];
    }
    const legend = text(target.legendFormat);
    const instant = target.instant === true || (target.format === "table" && target.range !== true);
    return [
      given({
        expr: expr.slice(0, 100_000),
        legend: legend === "__auto" ? undefined : cut(legend, 500),
        instant: kind !== "timeseries" && kind !== "heatmap" && instant ? true : undefined,
        hidden: yes(target.hide),
      }),
    ];
  });
  for (const source of foreign)
    notes.panel(
      `source ${source}`,
      title,
      (count, one) =>
        `${count} ${one ? "asks" : "ask"} ${source}, which Havn does not: those queries are left out`,
    );
  return queries.slice(0, 50);
}

/** Text panels may hold HTML: what it says is kept, not how. */
function contentOf(panel: Json): string {
  const options = record(panel.options);
  const content = text(options.content) ?? text(panel.content) ?? "";
  const mode = options.mode ?? panel.mode;
  return (mode === "html" ? withoutMarkup(content) : content).slice(0, 100_000);
}

function intervalOf(interval: unknown): string | undefined {
  const written = text(interval)?.replace(/^[><]=?/, "");
  return written !== undefined && /^(\d+(ms|[smhdwy]))+$/.test(written) ? written : undefined;
}

/** Columns that are renamed or left out; joining is what a table does by itself. */
function organised(panel: Json, title: string, notes: Notes): { overrides?: PanelOverride[] } {
  const before = usesOldModel(plainText(panel.type), panel) ? oldFieldsOf(panel) : fieldsOf(panel);
  const overrides: PanelOverride[] = [...(before.overrides ?? [])];
  for (const { id, options } of list(panel.transformations)) {
    if (id === "organize") {
      const { excludeByName, renameByName } = record(options);
      for (const [name, out] of Object.entries(record(excludeByName)))
        if (out === true) overrides.push({ match: { name }, hidden: true });
      for (const [name, renamed] of Object.entries(record(renameByName)))
        if (text(renamed)) overrides.push({ match: { name }, title: plainText(renamed).slice(0, 500) });
    } else if (!joining.has(plainText(id))) noteTransformation(plainText(id), title, notes);
  }
  return overrides.length > 0 ? { overrides: overrides.slice(0, 200) } : {};
}

const joining = new Set([
  "merge",
  "joinByField",
  "seriesToColumns",
  "labelsToFields",
  "reduce",
  "sortBy",
  "joinByLabels",
  "timeSeriesTable",
]);

function transformed(panel: Json, title: string, notes: Notes): Record<never, never> {
  for (const { id } of list(panel.transformations)) noteTransformation(plainText(id), title, notes);
  return {};
}

const noteTransformation = (id: string, title: string, notes: Notes) =>
  notes.panel(
    `transformation ${id}`,
    title,
    (count, one) => `${count} ${one ? "uses" : "use"} the transformation ${id}, which is left out`,
  );
