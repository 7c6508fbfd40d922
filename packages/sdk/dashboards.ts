import { createRequire } from "node:module";
import {
  type DashboardPanel,
  type DashboardProperties,
  type DashboardVariable,
  HavnError,
} from "@havn/model";
import { addDiagnostics, type CommonOptions, declare, type Handle, listOf } from "./environment.ts";
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
