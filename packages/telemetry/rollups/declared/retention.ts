import type { ClickHouse } from "@havn/clickhouse";
import type { Route } from "@havn/http";
import { formatDuration, parseDuration } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { parsePromql } from "@havn/promql";
import type { ResourceExecutor } from "../../executor.ts";
import type { Keeps, RetentionRule } from "../keeps.ts";
import type { Rollups } from "../rollups.ts";
import { createRetentionExecutor } from "./executor.ts";
import { retentionRoute } from "./routes.ts";
import { type DeclaredRetention, listRetentions } from "./store.ts";

export interface RetentionOptions {
  sql: Sql;
  clickhouse: ClickHouse;
  /** The telemetry room's own. */
  rollups: Pick<Rollups, "setRules" | "rolled" | "retention">;
}

/** How long what is kept: type `retention`. */
export interface RetentionRoom {
  executor: ResourceExecutor;
  routes: Route[];
  /** Tells the store what was declared before; until then it lets nothing go. */
  start(): Promise<void>;
}

export async function createRetention({
  sql,
  clickhouse,
  rollups,
}: RetentionOptions): Promise<RetentionRoom> {
  await migrate(sql, "telemetry", new URL("./migrations/", import.meta.url));
  let declared: DeclaredRetention[] = [];
  const tell = async () => {
    declared = await listRetentions(sql);
    rollups.setRules(declared.map(ruleOf));
  };
  return {
    executor: createRetentionExecutor({ sql, declared: tell }),
    routes: [retentionRoute({ clickhouse, rollups, declared: () => declared, ruleOf })],
    start: tell,
  };
}

/** It is about the series of its own environment. */
export function ruleOf({ environment, properties }: DeclaredRetention): RetentionRule {
  const { match, keep, fiveMinutes, hours } = properties;
  const expr = parsePromql(match);
  const own = expr.kind === "selector" ? expr.matchers.filter(({ name }) => name !== "env") : [];
  return {
    matchers: [...own, { name: "env", operator: "=", value: environment }],
    keeps: { raw: parseDuration(keep), "5m": parseDuration(fiveMinutes), "1h": parseDuration(hours) },
  };
}

/** As `keep`, `fiveMinutes` and `hours` are written. */
export const shownKeeps = (keeps: Keeps) => ({
  keep: formatDuration(keeps.raw),
  fiveMinutes: formatDuration(keeps["5m"]),
  hours: formatDuration(keeps["1h"]),
});
