import type { Dashboard, DashboardPanel, DashboardSummary, DashboardVersion } from "@havn/model";
import { alignColumns, printable, type Style } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { ago, count } from "./words.ts";

export function dashboardsView(dashboards: readonly DashboardSummary[], context: ViewContext): string {
  if (dashboards.length === 0)
    return (
      'No dashboards. Declare them: dashboard("shop", { panels: [ … ] }), make them in the page, or import those of ' +
      "Grafana: havn dashboards import FILE."
    );
  const rows = dashboards.map((one) => [
    context.style.bold(`${one.environment}/${one.name}`),
    printable(one.title),
    count(one.panels, "panel"),
    stateText(one, context.style),
    context.style.dim(`${printable(one.changedBy)} ${ago(one.changedAt, context.now)}`),
  ]);
  return alignColumns(rows).join("\n");
}

function stateText({ state }: DashboardSummary, style: Style): string {
  switch (state) {
    case "declared":
      return "declared";
    case "own":
      return "made in the page";
    case "edited":
      return style.yellow("edited in the page");
    case "conflict":
      return style.red("conflict: edited in the page and in the configuration");
  }
}

export function dashboardView(found: Dashboard, context: ViewContext): string {
  const { style } = context;
  const { dashboard } = found;
  const head = [
    `${style.bold(printable(found.title))}  ${stateText(found, style)}, ${ago(found.changedAt, context.now)} by ${printable(found.changedBy)}`,
    ...(dashboard.description ? [printable(dashboard.description)] : []),
    ...(dashboard.variables ?? []).map(
      (variable) => `$${variable.name}  ${style.dim(printable(askedBy(variable)))}`,
    ),
  ];
  const hint =
    found.state === "edited" || found.state === "conflict"
      ? [
          `To keep it: havn dashboards export ${found.name}. To drop it: havn dashboards remove ${found.name}.`,
        ]
      : [];
  return [...head, ...dashboard.panels.flatMap((panel) => panelLines(panel, style)), ...hint].join("\n");
}

type Variable = NonNullable<Dashboard["dashboard"]["variables"]>[number];

function askedBy(variable: Variable): string {
  switch (variable.kind) {
    case "query":
      return variable.query;
    case "custom":
      return variable.options.map((one) => (typeof one === "string" ? one : one.value)).join(", ");
    case "interval":
      return variable.options.join(", ");
    case "constant":
      return variable.value;
    case "text":
      return variable.default ?? "";
  }
}

function panelLines(panel: DashboardPanel, style: Style): string[] {
  if (panel.kind === "row") return ["", style.bold(printable(panel.title))];
  const unit = panel.unit ? `, ${printable(panel.unit)}` : "";
  return [
    `  ${printable(panel.title) || "(without a title)"}  ${style.dim(`${panel.kind}${unit}`)}`,
    ...(panel.queries ?? []).map(({ expr }) => `    ${style.dim(printable(expr).replace(/\s+/g, " "))}`),
  ];
}

export function dashboardHistoryView(
  versions: readonly DashboardVersion[],
  { style, now }: ViewContext,
): string {
  const rows = versions.map(({ revision, what, actor, at }) => [
    style.bold(String(revision)),
    what,
    printable(actor),
    style.dim(ago(at, now)),
  ]);
  return alignColumns(rows).join("\n");
}
