import type { Route } from "@havn/http";
import type { Clock, Timeline } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { createDashboards, type Dashboards } from "./dashboards/dashboards.ts";
import { createDashboardExecutor, type ResourceExecutor } from "./dashboards/executor.ts";
import { dashboardRoutes } from "./dashboards/routes.ts";

export interface InsightOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
}

export interface Insight {
  readonly dashboards: Dashboards;
  /** Type `dashboard`. */
  readonly executor: ResourceExecutor;
  readonly routes: Route[];
  prune(): Promise<void>;
}

/** What is looked at: dashboards, declared and edited. */
export async function createInsight(options: InsightOptions): Promise<Insight> {
  await migrate(options.sql, "insight", new URL("./migrations/", import.meta.url));
  const dashboards = createDashboards(options);
  return {
    dashboards,
    executor: createDashboardExecutor(dashboards),
    routes: dashboardRoutes(dashboards),
    prune: dashboards.prune,
  };
}
