import {
  type DashboardPanel,
  type DashboardProperties,
  dnsLabel,
  findDuration,
  HavnError,
} from "@havn/model";
import { between, cut, given, type Json, list, number, record, text } from "./json.ts";
import { createNotes, type Notes } from "./notes.ts";
import { linksOf, panelOf } from "./panel.ts";
import { variablesOf } from "./variables.ts";

export interface ReadGrafana {
  /** Made of its title; fit to be a resource's name. */
  name: string;
  dashboard: DashboardProperties;
  /** What could not be carried over, one sentence each, without a full stop. */
  notes: string[];
}

/**
 * A dashboard in Grafana's JSON (schema versions up to 41), as it is exported, offered on grafana.com, or answered by
 * Grafana's API. Throws a HavnError (400) where it is none.
 */
export function readGrafana(json: unknown): ReadGrafana {
  const outer = record(json);
  const model = "dashboard" in outer ? record(outer.dashboard) : outer;
  if (model.elements !== undefined || model.spec !== undefined)
    throw new HavnError("That is a dashboard in Grafana's second form (elements and layout)", {
      status: 400,
      detail: "Export it as classic JSON: Export → Export as code → Model: Classic.",
    });
  if (!Array.isArray(model.panels) && !Array.isArray(model.rows))
    throw new HavnError("That is no dashboard of Grafana: it has neither panels nor rows", {
      status: 400,
      detail: "Give what Grafana shows under Dashboard settings → JSON Model.",
    });
  const notes = createNotes();
  const title = text(model.title)?.slice(0, 500);
  const variables = variablesOf(model.templating, notes);
  const panels = Array.isArray(model.panels)
    ? panelsOf(list(model.panels), notes)
    : rowsOf(list(model.rows), notes);
  noteRest(model, notes);
  const refresh = text(model.refresh);
  const dashboard = given({
    title,
    description: cut(text(model.description), 10_000),
    tags: (Array.isArray(model.tags) ? model.tags : [])
      .filter((tag): tag is string => typeof tag === "string")
      .map((tag) => tag.slice(0, 100))
      .slice(0, 50),
    range: rangeOf(record(model.time)),
    refresh: refresh !== undefined && findDuration(refresh) !== undefined ? refresh : undefined,
    variables,
    links: linksOf(model.links).slice(0, 50),
  });
  return {
    name: nameOf(title ?? text(model.uid) ?? ""),
    dashboard: { ...dashboard, panels },
    notes: notes.all(),
  };
}

/** From schema version 16 on: panels on a grid, rows among them; a closed row holds its panels. */
function panelsOf(panels: readonly Json[], notes: Notes): DashboardPanel[] {
  const order = (panel: Json, key: "x" | "y") => number(record(panel.gridPos)[key]) ?? 0;
  return panels
    .filter(isOwn)
    .toSorted((a, b) => order(a, "y") - order(b, "y") || order(a, "x") - order(b, "x"))
    .flatMap((panel) => [
      panelOf(panel, notes),
      // A row in a row is none that Grafana draws.
      ...(panel.type === "row"
        ? panelsOf(
            list(panel.panels).filter(({ type }) => type !== "row"),
            notes,
          )
        : []),
    ]);
}

/** Before: rows of panels whose widths are twelfths. */
function rowsOf(rows: readonly Json[], notes: Notes): DashboardPanel[] {
  return rows.flatMap((row) => {
    const height = heightOf(row.height);
    const panels = list(row.panels)
      .filter(isOwn)
      .map(
        (panel): DashboardPanel => ({
          ...panelOf(panel, notes),
          width: between((number(panel.span) ?? 12) * 2, 1, 24),
          height: heightOf(panel.height ?? row.height) ?? height ?? 7,
        }),
      );
    const title = text(row.title)?.slice(0, 500);
    const repeat = text(row.repeat);
    if (title === undefined || (row.showTitle !== true && row.collapse !== true && repeat === undefined))
      return panels;
    const head = { collapsed: row.collapse === true ? true : undefined, repeat };
    return [{ kind: "row" as const, title, ...given(head) }, ...panels];
  });
}

/** `250px` in steps of the grid. */
function heightOf(height: unknown): number | undefined {
  const pixels = number(typeof height === "string" ? height.replace(/px$/, "") : height);
  return pixels === undefined ? undefined : between(pixels / 38, 2, 200);
}

/** What Grafana made by repeating another panel is made anew. */
const isOwn = (panel: Json) =>
  panel.repeatPanelId === undefined && panel.repeatedByRow !== true && panel.repeatIteration === undefined;

/** `now-24h` to `now`. Anything else looks back an hour. */
function rangeOf({ from }: Json): string {
  const found = /^now-(\d+(?:ms|[smhdwMy]))(?:\/\w)?$/.exec(text(from) ?? "")?.[1];
  const days = found?.endsWith("M") ? `${Number.parseInt(found, 10) * 30}d` : found;
  return days !== undefined && findDuration(days) !== undefined ? days : "1h";
}

function noteRest(model: Json, notes: Notes): void {
  const annotations = list(record(model.annotations).list).filter(
    ({ builtIn, enable }) => builtIn !== 1 && enable !== false,
  );
  if (annotations.length > 0) {
    const names = annotations.map(({ name }) => `"${text(name) ?? "?"}"`).join(", ");
    notes.add(`Annotations are left out (${names}): deploys, applies and alerts are shown by themselves`);
  }
  const elsewhere = list(model.links).filter(
    ({ type, url }) => type === "dashboards" || text(url)?.startsWith("/"),
  );
  if (elsewhere.length > 0)
    notes.add(
      `${elsewhere.length === 1 ? "1 link" : `${elsewhere.length} links`} to other dashboards of Grafana left out`,
    );
}

function nameOf(title: string): string {
  const name = title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
  return dnsLabel.safeParse(name).success ? name : "dashboard";
}
