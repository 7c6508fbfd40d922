import { defineRoute, type Route } from "@havn/http";
import { type PagingView, pagingSchema } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import * as store from "../store.ts";

/** Who was asked about what is wrong now, and what they answered: beside each alert on the page. */
export const pagingRoutes = ({ sql }: { sql: Sql }): Route[] => [
  defineRoute({
    method: "GET",
    path: "/api/v1/paging",
    summary: "Open incidents with their alerts, who was asked how, and what they answered",
    access: { action: "incident:read" },
    query: z.strictObject({ environment: z.string().optional() }),
    response: z.object({ paging: z.array(pagingSchema) }),
    handle: async ({ query }) => ({ paging: await openPaging(sql, query.environment) }),
  }),
];

async function openPaging(sql: Sql, environment: string | undefined): Promise<PagingView[]> {
  const open = (await store.listIncidents(sql)).filter(
    (one) => one.state !== "resolved" && (environment === undefined || one.environment === environment),
  );
  const pages = (await Promise.all(open.map(({ id }) => store.listPages(sql, id)))).flat();
  const attempts = await store.listAttempts(
    sql,
    pages.map(({ id }) => id),
  );
  return open.map(({ id, title, state, alerts }): PagingView => {
    const own = pages.filter(({ incident }) => incident === id);
    const ids = new Set(own.map((page) => page.id));
    return {
      ...{ incident: id, title, state },
      alerts: alerts.map(({ labels }) => ({ ...labels })),
      pages: own.map(({ levels, ...page }) => ({ ...page, levels: levels.length })),
      asked: attempts.filter(({ about }) => ids.has(about)),
    };
  });
}
