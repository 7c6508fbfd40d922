import { createRequire } from "node:module";
import {
  type DashboardPanel,
  type DashboardProperties,
  type DashboardVariable,
  HavnError,
} from "@havn/model";
import { addDiagnostics, type CommonOptions, declare, type Handle, listOf } from "./environment.ts";
import { exprFault } from "./expressions.ts";
import { shownPath } from "./files.ts";
import { callerLocation } from "./location.ts";
import { projectPaths } from "./project-paths.ts";

/** What is looked at. */
export interface DashboardHandle extends Handle {
  readonly type: "dashboard";
}

/** A panel; its title may be left out. */
export type PanelOptions = Omit<DashboardPanel, "title"> & { title?: string };
/** A choice that queries refer to as `$name`. */
export type VariableOptions = DashboardVariable;

export interface DashboardOptions extends CommonOptions {
  /**
   * What it is called in the page. Default: its name.
   * @example title: "Shop: overview"
   */
  title?: string;
  /**
   * What it is for.
   * @example description: "What to look at first when the shop is slow."
   */
  description?: string;
  /**
   * What it is found by, beside its title.
   * @example tags: ["shop", "on call"]
   */
  tags?: string[];
  /**
   * How far back it looks when it is opened. Default: "1h".
   * @example range: "6h"
   */
  range?: string;
  /**
   * How often it looks anew. Default: when the reader asks.
   * @example refresh: "30s"
   */
  refresh?: string;
  /**
   * Choices that queries, titles and links refer to as `$name`.
   * @example variables: [{ kind: "query", name: "host", query: "label_values(node_uname_info, host)", all: true }]
   */
  variables?: VariableOptions[];
  /**
   * What is on it, on a grid 24 wide; panels without a place follow each other.
   * @example panels: [{ kind: "timeseries", title: "Load", queries: [{ expr: "node_load1", legend: "{{host}}" }] }]
   */
  panels: PanelOptions[];
  /**
   * Where to go from here.
   * @example links: [{ title: "Runbook", url: "https://wiki.example.org/shop" }]
   */
  links?: DashboardProperties["links"];
}

/**
 * A dashboard. What is made of it in the page is kept beside what is declared: `havn dashboards export` gives it as
 * TypeScript, to be put here.
 *
 * @example
 * dashboard("shop", {
 *   title: "Shop",
 *   panels: [
 *     { kind: "timeseries", title: "Requests", unit: "requests/s",
 *       queries: [{ expr: "sum by (code) (rate(http_requests_total[$__rate_interval]))", legend: "{{code}}" }] },
 *   ],
 * });
 */
export function dashboard(name: string, options: DashboardOptions): DashboardHandle {
  const { dependsOn, ...properties } = options;
  const at = callerLocation();
  for (const { title, queries = [] } of options.panels ?? [])
    for (const { expr } of queries) {
      const fault = unreadable(expr);
      if (fault !== undefined)
        addDiagnostics([
          {
            severity: "warning",
            summary: `A query of panel "${title ?? ""}" on dashboard "${name}" cannot be read`,
            detail: `${fault}. Correct the query.`,
            ...(at && { at }),
          },
        ]);
    }
  const { address } = declare({ type: "dashboard", name, properties, after: listOf(dependsOn) });
  return { type: "dashboard", name, resource: address };
}

/**
 * Dashboards of Grafana, as their JSON is. What cannot be carried over is told; each is named by its title.
 *
 * @example grafanaDashboards("./dashboards/*.json");
 */
export function grafanaDashboards(pattern: string): readonly DashboardHandle[] {
  const at = callerLocation();
  const files = projectPaths.list(pattern, shownPath("havn.config.ts"));
  if (files.length === 0)
    addDiagnostics([
      {
        severity: pattern.includes("*") ? "warning" : "error",
        summary: `No dashboard matches "${pattern}"`,
        detail: "Paths are relative to the file that names them. Correct the path, or make the file.",
        ...(at && { at }),
      },
    ]);
  return files.flatMap((file) => {
    const read = readFile(file);
    if ("fault" in read) {
      addDiagnostics([
        {
          severity: "error",
          summary: `${file} is no dashboard of Grafana`,
          detail: read.fault,
          at: { file, line: 1, column: 1 },
        },
      ]);
      return [];
    }
    const { name, dashboard: properties, notes } = read;
    addDiagnostics(
      notes.map((note) => ({
        severity: "warning",
        summary: note,
        detail: "The rest of the dashboard is carried over.",
        at: { file, line: 1, column: 1 },
      })),
    );
    const { address } = declare({
      ...{ type: "dashboard", name, properties: { ...properties } },
      location: { file, line: 1, column: 1 },
    });
    return [{ type: "dashboard" as const, name, resource: address }];
  });
}

const variable = /\$\{(\w+)[^}]*\}|\$([A-Za-z_]\w*)|\[\[(\w+)(?::\w+)?\]\]/g;
const standIns = ["x", "5m", "1"];

/** What is wrong with a query, whatever its variables stand for: that is only known in the page. */
function unreadable(expr: unknown): string | undefined {
  if (typeof expr !== "string") return undefined;
  const names = [...new Set([...expr.matchAll(variable)].map(([, a, b, c]) => a ?? b ?? c ?? ""))];
  // With many variables there is too much to try.
  if (names.length > 4) return undefined;
  let fault: string | undefined;
  for (let trial = 0; trial < standIns.length ** names.length; trial++) {
    fault = exprFault(
      expr.replace(variable, (_, a?: string, b?: string, c?: string) => {
        const at = names.indexOf(a ?? b ?? c ?? "");
        return standIns[Math.floor(trial / standIns.length ** at) % standIns.length] ?? "";
      }),
    );
    if (fault === undefined) return undefined;
  }
  return fault;
}

function readFile(file: string) {
  const { readGrafana } = createRequire(import.meta.url)("@havn/grafana") as typeof import("@havn/grafana");
  try {
    return readGrafana(JSON.parse(projectPaths.read(file) ?? ""));
  } catch (error) {
    if (error instanceof HavnError) return { fault: `${error.message}. ${error.detail}`.trim() };
    if (error instanceof SyntaxError) return { fault: `It is no JSON: ${error.message}.` };
    throw error;
  }
}
