import type { ClickHouse } from "@havn/clickhouse";
import { defineRoute, type Route } from "@havn/http";
import { z } from "zod";
import { seriesCondition } from "../../metrics/matchers.ts";
import type { RetentionRule } from "../keeps.ts";
import { startOfPartition } from "../partitions.ts";
import type { Rollups } from "../rollups.ts";
import { tierNames, tiers } from "../tiers.ts";
import { shownKeeps } from "./retention.ts";
import type { DeclaredRetention } from "./store.ts";

const keeps = { keep: z.string(), fiveMinutes: z.string(), hours: z.string() };
const time = z.number().nullable().describe("milliseconds since the epoch; null where there is none");

const answer = z.object({
  otherwise: z.object(keeps).describe("for series that no rule matches"),
  rules: z.array(
    z.object({ address: z.string(), match: z.string(), ...keeps, series: z.number().describe("that match") }),
  ),
  stored: z.array(
    z.object({
      what: z.enum(["raw", ...tierNames]),
      rows: z.number(),
      bytes: z.number().describe("on disk"),
      from: time.describe("begin of the oldest week or month of it; null where there is none"),
    }),
  ),
  rolledUntil: time,
});

interface RouteOptions {
  clickhouse: ClickHouse;
  rollups: Pick<Rollups, "rolled" | "retention">;
  declared: () => readonly DeclaredRetention[];
  ruleOf: (declared: DeclaredRetention) => RetentionRule;
}

export const retentionRoute = ({ clickhouse, rollups, declared, ruleOf }: RouteOptions): Route =>
  defineRoute({
    method: "GET",
    path: "/api/v1/metrics/retention",
    summary: "How long samples and what is made of them are kept, and how large that is",
    access: { action: "metric:read" },
    query: z.strictObject({}),
    response: answer,
    async handle({ signal }) {
      const rules = [];
      for (const each of declared()) {
        const rule = ruleOf(each);
        const series = await countSeries(clickhouse, rule, signal);
        rules.push({
          address: each.address,
          match: each.properties.match,
          ...shownKeeps(rule.keeps),
          series,
        });
      }
      const stored = [
        await sizeOf(clickhouse, "raw", ["samples", "starts", "histograms", "exemplars"], signal),
        ...(await Promise.all(
          tierNames.map((tier) => sizeOf(clickhouse, tier, [tiers[tier].table], signal)),
        )),
      ];
      return {
        otherwise: shownKeeps(rollups.retention().otherwise),
        ...{ rules, stored },
        rolledUntil: rollups.rolled()?.until ?? null,
      };
    },
  });

async function countSeries(
  clickhouse: ClickHouse,
  { matchers }: RetentionRule,
  signal: AbortSignal,
): Promise<number> {
  const { sql, params } = seriesCondition([matchers], { start: 0, end: 2 ** 42 });
  const [row] = await clickhouse.rows<{ n: string }>(
    `SELECT toString(uniq(id)) AS n FROM series WHERE ${sql}`,
    { params, signal },
  );
  return Number(row?.n ?? 0);
}

async function sizeOf<What extends string>(
  clickhouse: ClickHouse,
  what: What,
  tables: readonly string[],
  signal: AbortSignal,
) {
  const [size] = await clickhouse.rows<{ n: string; bytes: string; oldest: string }>(
    `SELECT toString(sum(rows)) AS n, toString(sum(bytes_on_disk)) AS bytes, min(partition) AS oldest FROM system.parts
     WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}`,
    { params: { tables }, signal },
  );
  return {
    ...{ what, rows: Number(size?.n ?? 0), bytes: Number(size?.bytes ?? 0) },
    from: size?.oldest ? startOfPartition(size.oldest) : null,
  };
}
