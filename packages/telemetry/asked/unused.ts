import type { ClickHouse } from "@havn/clickhouse";
import { defineRoute, type Route } from "@havn/http";
import type { Clock } from "@havn/model";
import { z } from "zod";
import type { Asked } from "./asked.ts";

const dayMs = 86_400_000;

export interface UnusedOptions {
  clickhouse: ClickHouse;
  clock: Clock;
  asked: Asked;
  /** Texts of what may ask later: rules, dashboards, runbooks. A metric whose name stands in one is in use. */
  mentions: () => Promise<readonly string[]>;
}

/** Metrics that nothing asked for, and nothing that is declared names. */
export const unusedRoute = ({ clickhouse, clock, asked, mentions }: UnusedOptions): Route =>
  defineRoute({
    method: "GET",
    path: "/api/v1/metrics/unused",
    summary: "Metrics that no query, rule, dashboard or runbook has asked for lately",
    access: { action: "metric:read" },
    query: z.strictObject({
      days: z.coerce.number().int().min(1).max(3650).default(30).describe("not asked for in so many days"),
      limit: z.coerce.number().int().min(1).max(10_000).default(100),
    }),
    response: z.object({
      since: z.number().describe("since when questions are followed, in milliseconds since the epoch"),
      metrics: z.number().describe("that had samples on the last two days"),
      series: z.number().describe("of those that are unused"),
      unused: z
        .array(
          z.object({
            name: z.string(),
            series: z.number(),
            lastAskedAt: z.number().nullable().describe("milliseconds since the epoch; null: never"),
          }),
        )
        .describe("the most series first"),
      more: z.number().describe("unused metrics beyond the limit"),
    }),
    async handle({ query: { days, limit }, signal }) {
      await asked.save();
      const rows = await clickhouse.rows<{ name: string; series: number; at: number }>(
        `SELECT s.name AS name, s.series AS series, toUnixTimestamp(a.at) AS at
         FROM (SELECT toString(name) AS name, toUInt32(uniq(id)) AS series FROM series
               WHERE day >= toDate(fromUnixTimestamp64Milli(${clock.now() - dayMs}, 'UTC')) GROUP BY name) AS s
         LEFT JOIN (SELECT name, max(at) AS at FROM asked GROUP BY name) AS a ON a.name = s.name
         ORDER BY series DESC, name`,
        { signal },
      );
      const [begin] = await clickhouse.rows<{ at: number }>(
        "SELECT toUnixTimestamp(min(at)) AS at FROM asked WHERE name = ''",
        { signal },
      );
      const words = new Set((await mentions()).flatMap((text) => text.match(/[a-zA-Z_:][\w:]*/g) ?? []));
      const before = clock.now() - days * dayMs;
      const unused = rows.filter(({ name, at }) => at * 1000 < before && !words.has(name));
      return {
        since: (begin?.at ?? 0) * 1000,
        metrics: rows.length,
        series: unused.reduce((sum, { series }) => sum + series, 0),
        unused: unused.slice(0, limit).map(({ name, series, at }) => ({
          ...{ name, series },
          lastAskedAt: at === 0 ? null : at * 1000,
        })),
        more: Math.max(0, unused.length - limit),
      };
    },
  });
