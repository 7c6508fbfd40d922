import { readGrafana } from "@havn/grafana";
import { defineRoute, type Route } from "@havn/http";
import {
  dashboardProperties,
  dashboardSchema,
  dashboardSummary,
  dashboardVersion,
  dnsLabel,
  HavnError,
} from "@havn/model";
import { z } from "zod";
import type { Dashboards } from "./dashboards.ts";
import { typescriptOf } from "./typescript.ts";

const inEnvironment = z.object({ environment: dnsLabel });
const one = z.object({ environment: dnsLabel, name: dnsLabel });
const path = "/api/v1/dashboards/:environment/:name";
const resource = ({ params }: { params: { environment: string; name?: string } }) =>
  `${params.environment}/dashboard/${params.name ?? "*"}`;
/** What Grafana exports says the same in more words. */
const bodyLimit = 4 * 1024 ** 2;

export const dashboardRoutes = (dashboards: Dashboards): Route[] => [
  ...readRoutes(dashboards),
  ...changeRoutes(dashboards),
  ...historyRoutes(dashboards),
];

function readRoutes(dashboards: Dashboards): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/dashboards",
      summary: "Dashboards, declared and edited, without what is on them",
      access: { action: "dashboard:read" },
      query: z.object({ environment: dnsLabel.optional() }),
      response: z.object({ dashboards: z.array(dashboardSummary) }),
      handle: async ({ query }) => ({ dashboards: await dashboards.list(query.environment) }),
    }),
    defineRoute({
      method: "GET",
      path,
      summary: "A dashboard, with what is declared where the page made something else of it",
      access: { action: "dashboard:read", resource },
      params: one,
      response: dashboardSchema,
      handle: ({ params }) => dashboards.get(params),
    }),
    defineRoute({
      method: "GET",
      path: `${path}/export`,
      summary: "A dashboard as TypeScript for a configuration, and an earlier version of it",
      access: { action: "dashboard:read", resource },
      params: one,
      query: z.object({ revision: z.coerce.number().int().optional() }),
      response: z.object({ typescript: z.string(), dashboard: dashboardProperties }),
      async handle({ params, query }) {
        const content =
          query.revision === undefined
            ? (await dashboards.get(params)).dashboard
            : await dashboards.version(params, query.revision);
        return { typescript: typescriptOf(params.name, content), dashboard: content };
      },
    }),
  ];
}

function changeRoutes(dashboards: Dashboards): Route[] {
  return [
    defineRoute({
      method: "PUT",
      path,
      summary: "Saves what the page made of a dashboard; a declared one keeps what is declared beside it",
      access: { action: "dashboard:update", resource },
      params: one,
      bodyLimit,
      body: z.object({
        dashboard: dashboardProperties,
        revision: z.number().int().optional().describe("the one that the edit began with; unset: it is new"),
        settled: z
          .boolean()
          .optional()
          .describe("what the configuration says was seen, and this is kept beside it"),
      }),
      response: dashboardSchema,
      handle: ({ params, body: { dashboard: content, revision, settled }, identity: { actor } }) =>
        dashboards.edit(params, { content, revision, settled, actor }),
    }),
    defineRoute({
      method: "DELETE",
      path,
      summary: "Takes back what the page made of a declared dashboard, or removes one that nothing declares",
      access: { action: "dashboard:delete", resource },
      params: one,
      query: z.object({ revision: z.coerce.number().int() }),
      response: z.object({ dashboard: dashboardSchema.optional() }),
      handle: async ({ params, query: { revision }, identity: { actor } }) => ({
        dashboard: await dashboards.discard(params, { revision, actor }),
      }),
    }),
    importRoute(dashboards),
  ];
}

const importRoute = (dashboards: Dashboards) =>
  defineRoute({
    method: "POST",
    path: "/api/v1/dashboards/:environment",
    summary: "Imports a dashboard of Grafana (its JSON), and tells what could not be carried over",
    access: { action: "dashboard:update", resource },
    params: inEnvironment,
    bodyLimit,
    body: z.object({
      grafana: z.unknown().describe("what Grafana exports, or what grafana.com offers"),
      name: dnsLabel.optional().describe("unset: made of its title"),
      replace: z.boolean().optional().describe("also one of this name that is there already"),
      preview: z.boolean().optional().describe("only tell what would become of it"),
    }),
    response: z.object({
      name: z.string(),
      notes: z.array(z.string()),
      dashboard: dashboardProperties,
      saved: dashboardSummary.optional(),
    }),
    async handle({ params: { environment }, body, identity: { actor } }) {
      const read = readGrafana(body.grafana);
      const name = body.name ?? read.name;
      const checked = dashboardProperties.safeParse(read.dashboard);
      if (!checked.success)
        throw new HavnError("That dashboard is larger than what Havn shows", {
          status: 400,
          detail: z.prettifyError(checked.error),
        });
      const found = { name, notes: read.notes, dashboard: checked.data };
      if (body.preview) return found;
      const before = await dashboards.find({ environment, name });
      if (before && !body.replace)
        throw new HavnError(`There is a dashboard ${name} in ${environment} already`, {
          status: 409,
          detail: "Nothing was changed. Choose another name, or say that it shall be replaced.",
        });
      const saved = await dashboards.edit(
        { environment, name },
        { content: checked.data, actor, revision: before?.revision, what: "imported" },
      );
      return { ...found, saved };
    },
  });

function historyRoutes(dashboards: Dashboards): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: `${path}/history`,
      summary: "Versions of a dashboard, newest first; also of one that was removed",
      access: { action: "dashboard:read", resource },
      params: one,
      response: z.object({ versions: z.array(dashboardVersion) }),
      handle: async ({ params }) => ({ versions: await dashboards.history(params) }),
    }),
    defineRoute({
      method: "POST",
      path: `${path}/restore`,
      summary: "Makes an earlier version of a dashboard the newest",
      access: { action: "dashboard:update", resource },
      params: one,
      body: z.object({ revision: z.number().int() }),
      response: dashboardSchema,
      handle: ({ params, body: { revision }, identity: { actor } }) =>
        dashboards.restore(params, { revision, actor }),
    }),
  ];
}
