import { defineRoute, RawResponse, type Route } from "@havn/http";
import {
  type Clock,
  componentStateSchema,
  dnsLabel,
  eventSchema,
  HavnError,
  incidentActionSchema,
  incidentMetricsSchema,
  incidentNoteSchema,
  incidentSchema,
  incidentSeverity,
  incidentStatus,
  isZone,
  postmortemSchema,
  statusPageViewSchema,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import { htmlAnswer, htmlPage } from "../html.ts";
import type { Paging } from "../pages/paging.ts";
import * as store from "../store.ts";
import type { Incidents } from "./incidents.ts";
import { incidentMetrics } from "./metrics.ts";
import type { StatusPages } from "./status-pages.ts";
import { listAsked, listOpenedBetween } from "./store.ts";

export interface IncidentRoutesOptions {
  sql: Sql;
  clock: Clock;
  incidents: Incidents;
  paging: Paging;
}

/** Any text: who may not act is refused before it is told what is wrong with it. */
const idParams = z.object({ id: z.string() });
const done = z.object({ done: z.boolean() });
const text = z.string().min(1).max(10_000);
const day = z.iso.date();
const dayMs = 86_400_000;

export const incidentRoutes = (options: IncidentRoutesOptions): Route[] => [
  ...readRoutes(options),
  ...changeRoutes(options),
  ...actionRoutes(options),
  ...postmortemRoutes(options),
];

const link = z.object({
  kind: z.enum(["chart", "logs"]),
  title: z.string(),
  expr: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  from: z.number(),
  to: z.number(),
});

const numberOf = (id: string): number => {
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new HavnError(`There is no incident ${id}`, { detail: "`havn incidents` lists them.", status: 404 });
};

function readRoutes({ sql, clock, incidents }: IncidentRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/incidents",
      summary: "Incidents: open ones first, then the newest",
      access: { action: "incident:read" },
      response: z.object({ incidents: z.array(incidentSchema) }),
      handle: async () => ({ incidents: await store.listIncidents(sql) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/incident-metrics",
      summary: "How long it took to detect, acknowledge, mitigate and resolve; pages a person; noisy rules",
      access: { action: "incident:read" },
      query: z.strictObject({
        from: z.coerce.number().optional().describe("30 days ago where left out"),
        to: z.coerce.number().optional(),
        environment: z.string().optional(),
        zone: z.string().refine(isZone, "expected an IANA time zone").default("UTC").describe("for nights"),
      }),
      response: incidentMetricsSchema,
      async handle({ query }) {
        const to = query.to ?? clock.now();
        const from = query.from ?? to - 30 * dayMs;
        const ids = await listOpenedBetween(sql, { from, to, environment: query.environment });
        const found = await Promise.all(ids.map((id) => store.findIncident(sql, id)));
        const opened = found.filter((one) => one !== undefined);
        return incidentMetrics(
          { incidents: opened, pages: await listAsked(sql, ids) },
          { from, to, zone: query.zone },
        );
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/incidents/:id",
      summary:
        "An incident: what happened around it, what changed shortly before, who was asked how, where to look",
      access: { action: "incident:read" },
      params: idParams,
      response: z.object({
        incident: incidentSchema,
        services: z.array(z.string()).describe("what it concerns, by what was said and by the graph"),
        timeline: z.array(eventSchema),
        suspects: z.array(z.object({ event: eventSchema, score: z.number(), evidence: z.array(z.string()) })),
        links: z.array(link),
        notes: z.array(incidentNoteSchema),
        actions: z.array(incidentActionSchema),
        pages: z.array(z.looseObject({ id: z.string(), state: z.string() })),
        attempts: z.array(z.looseObject({ channel: z.string() })),
      }),
      async handle({ params: { id } }) {
        const detail = await incidents.get(numberOf(id));
        return {
          ...detail,
          pages: detail.pages.map((page) => ({ ...page })),
          attempts: detail.attempts.map((one) => ({ ...one })),
        };
      },
    }),
  ];
}

function changeRoutes({ sql, clock, incidents, paging }: IncidentRoutesOptions): Route[] {
  const change = {
    action: "incident:update",
    resource: ({ params }: { params: { id: string } }) => params.id,
  };
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents",
      summary: "Opens an incident by hand",
      access: { action: "incident:create" },
      body: z.strictObject({
        title: z.string().min(1).max(500),
        environment: dnsLabel.optional(),
        severity: incidentSeverity.default("warning"),
        services: z.array(dnsLabel).max(100).optional(),
        public: z.boolean().optional(),
      }),
      response: incidentSchema,
      handle: ({ body, identity }) => incidents.open(body, identity.actor),
    }),
    defineRoute({
      method: "PATCH",
      path: "/api/v1/incidents/:id",
      summary:
        "Changes what is given: title, severity, roles (an empty name takes one away), services, public",
      access: change,
      params: idParams,
      body: z.strictObject({
        title: z.string().min(1).max(500).optional(),
        severity: incidentSeverity.optional(),
        roles: z
          .partialRecord(z.enum(["commander", "communications", "scribe"]), z.string().max(100))
          .optional(),
        services: z.array(dnsLabel).max(100).optional(),
        public: z.boolean().optional(),
      }),
      response: incidentSchema,
      handle: ({ params, body, identity }) => incidents.change(numberOf(params.id), body, identity.actor),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/notes",
      summary:
        "Writes something down on its timeline; `chat` is for a bot that hands over what people say there",
      access: change,
      params: idParams,
      body: z.strictObject({
        text,
        source: z.enum(["note", "chat"]).default("note"),
        by: z.string().max(100).optional().describe("of a chat: who said it"),
      }),
      response: incidentNoteSchema,
      status: 201,
      handle({ params, body, identity }) {
        const by = body.source === "chat" && body.by !== undefined ? `${body.by} (chat)` : identity.actor;
        return incidents.note(numberOf(params.id), { text: body.text, by, kind: body.source });
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/updates",
      summary: "Tells stakeholders how it stands; monitoring: users do not suffer from it any more",
      access: change,
      params: idParams,
      body: z.strictObject({ text, status: incidentStatus.exclude(["resolved"]) }),
      response: incidentNoteSchema,
      status: 201,
      handle: ({ params, body, identity }) =>
        incidents.update(numberOf(params.id), { ...body, by: identity.actor }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/acknowledge",
      summary: "Answers every page of an incident",
      access: { action: "page:acknowledge", resource: ({ params: { id } }) => id },
      params: idParams,
      response: done,
      async handle({ params, identity }) {
        const { incident } = await incidents.get(numberOf(params.id));
        let any = false;
        for (const page of await store.listPages(sql, incident.id))
          any = (await paging.acknowledge(page.id, identity.actor)) || any;
        if (!any) await store.acknowledgeIncident(sql, incident.id, clock.now());
        return { done: any };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/resolve",
      summary: "Closes an incident and ends its pages; with a text, stakeholders are told",
      access: change,
      params: idParams,
      body: z.strictObject({ text: text.optional() }).optional(),
      response: done,
      async handle({ params, body, identity }) {
        const id = numberOf(params.id);
        if (body?.text !== undefined)
          await incidents.update(id, { text: body.text, status: "resolved", by: identity.actor });
        return { done: await incidents.resolve(id, identity.actor) };
      },
    }),
  ];
}

function actionRoutes({ incidents }: IncidentRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/actions",
      summary: "Something that is to be done, by whom and by when",
      access: { action: "incident:update", resource: ({ params: { id } }) => id },
      params: idParams,
      body: z.strictObject({
        text: z.string().min(1).max(1000),
        owner: z.string().min(1).max(100),
        due: day,
      }),
      response: incidentActionSchema,
      status: 201,
      handle: ({ params, body, identity }) =>
        incidents.addAction(numberOf(params.id), { ...body, by: identity.actor }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incident-actions/:id/done",
      summary: "An action item is done",
      access: { action: "incident:update", resource: ({ params: { id } }) => id },
      params: idParams,
      response: incidentActionSchema,
      handle: ({ params, identity }) => incidents.completeAction(numberOf(params.id), identity.actor),
    }),
  ];
}

function postmortemRoutes({ incidents }: IncidentRoutesOptions): Route[] {
  const path = "/api/v1/incidents/:id/postmortem";
  const access = {
    action: "incident:update",
    resource: ({ params: { id } }: { params: { id: string } }) => id,
  };
  return [
    defineRoute({
      ...{ method: "GET", path, params: idParams, response: postmortemSchema },
      summary: "What was written, in Markdown, or a draft from the timeline",
      access: { action: "incident:read" },
      handle: ({ params: { id } }) => incidents.postmortem(numberOf(id)),
    }),
    defineRoute({
      ...{ method: "PUT", path, params: idParams, response: postmortemSchema, access },
      summary: "Keeps a postmortem that somebody has edited; `revision` is the one that was read",
      body: z.strictObject({ markdown: z.string().min(1).max(500_000), revision: z.number().int().min(0) }),
      handle: ({ params: { id }, body, identity }) =>
        incidents.writePostmortem(numberOf(id), { ...body, by: identity.actor }),
    }),
    defineRoute({
      ...{ method: "DELETE", path, params: idParams, response: postmortemSchema, access },
      summary: "Drops what was written: it is drafted anew from the timeline",
      handle: ({ params: { id }, identity }) => incidents.redraftPostmortem(numberOf(id), identity.actor),
    }),
  ];
}

const pageParams = z.object({ environment: z.string(), name: z.string() });
const fileParams = pageParams.extend({ file: z.enum(["index.html", "status.json", "feed.xml"]) });
const types = {
  "index.html": "text/html; charset=utf-8",
  "status.json": "application/json; charset=utf-8",
  "feed.xml": "application/atom+xml; charset=utf-8",
};

/** Status pages as they are written, for anyone or for who may read incidents, and their subscribers. */
export function statusRoutes({
  statusPages,
  timeline,
}: {
  statusPages: StatusPages;
  timeline: Pick<Timeline, "write">;
}): Route[] {
  const answer = async (environment: string, name: string, file: keyof typeof types) =>
    new RawResponse(await statusPages.read(environment, name, file), {
      "content-type": types[file],
      "cache-control": "public, max-age=15",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    });
  const publicOnly = ({ environment, name }: z.output<typeof pageParams>) => {
    const hidden = new HavnError("There is no such status page", { status: 404 });
    const visibility = (() => {
      try {
        return statusPages.find(environment, name).properties.visibility;
      } catch {
        throw hidden;
      }
    })();
    if (visibility !== "public") throw hidden;
  };
  return [
    defineRoute({
      method: "GET",
      path: "/status/:environment/:name/",
      summary: "A public status page",
      access: { public: "it was declared public; a private one answers as one that does not exist" },
      params: pageParams,
      response: z.unknown(),
      handle({ params }) {
        publicOnly(params);
        return answer(params.environment, params.name, "index.html");
      },
    }),
    defineRoute({
      method: "GET",
      path: "/status/:environment/:name/:file",
      summary: "A file of a public status page",
      access: { public: "it was declared public; a private one answers as one that does not exist" },
      params: fileParams,
      response: z.unknown(),
      handle({ params }) {
        publicOnly(params);
        return answer(params.environment, params.name, params.file);
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/status-pages",
      summary: "Status pages, how their components fare, and where they are found",
      access: { action: "incident:read" },
      response: z.object({ pages: z.array(statusPageViewSchema) }),
      handle: async () => ({ pages: await statusPages.list() }),
    }),
    defineRoute({
      method: "PUT",
      path: "/api/v1/status-pages/:environment/:name/components",
      summary: "Says how a component fares, beside what incidents say; operational takes that back",
      access: {
        action: "incident:update",
        resource: ({ params: { environment, name } }) => `${environment}/statuspage/${name}`,
      },
      params: pageParams,
      body: z.strictObject({
        component: z.string().min(1).max(200),
        state: componentStateSchema,
        note: z.string().max(1000).default(""),
      }),
      response: done,
      async handle({ params, body, identity }) {
        await statusPages.say(params, { ...body, by: identity.actor });
        const { environment, name } = params;
        await timeline.write({
          ...{ kind: "status.component", environment, address: `${environment}/statuspage/${name}` },
          summary: `Status page ${name} says that ${body.component} is ${body.state}`,
          actor: identity.actor,
        });
        return { done: true };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/status-pages/:environment/:name/:file",
      summary: "A file of a status page, a private one's too",
      access: { action: "incident:read" },
      params: fileParams,
      response: z.unknown(),
      handle: ({ params }) => answer(params.environment, params.name, params.file),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/status-pages/:environment/:name/subscribers",
      summary: "Someone, or a program, who is told of the page's updates",
      access: {
        action: "incident:update",
        resource: ({ params: { environment, name } }) => `${environment}/statuspage/${name}`,
      },
      params: pageParams,
      body: z.union([
        z.strictObject({ email: z.string().regex(/^[^\s<>"@]+@[^\s<>"@]+$/, "expected a mail address") }),
        z.strictObject({ webhook: z.url({ protocol: /^https?$/ }) }),
      ]),
      response: z.object({ id: z.string() }),
      status: 201,
      async handle({ params, body }) {
        const one =
          "email" in body
            ? { kind: "email" as const, target: body.email }
            : { kind: "webhook" as const, target: body.webhook };
        const { id } = await statusPages.subscribe(params, one);
        return { id };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/status/leave/:token",
      summary: "Asks whether to be told no more; opening it changes nothing",
      access: { public: "each subscriber's link is their own; mail scanners may open it without harm" },
      params: z.object({ token: z.string().max(300) }),
      response: z.unknown(),
      handle: () =>
        htmlAnswer(
          htmlPage("No more updates?", '<form method="post"><button>No more updates</button></form>'),
        ),
    }),
    defineRoute({
      method: "POST",
      path: "/status/leave/:token",
      summary: "Tells a subscriber no more",
      access: { public: "the token is one subscriber's, and good for leaving only" },
      params: z.object({ token: z.string().max(300) }),
      consumes: "form",
      response: z.unknown(),
      handle: async ({ params: { token } }) =>
        (await statusPages.unsubscribe(token))
          ? htmlAnswer(htmlPage("Done", "<p>You are told no more.</p>"))
          : htmlAnswer(
              htmlPage("This link leads nowhere", "<p>Whom it was for is told no more already.</p>"),
              404,
            ),
    }),
  ];
}
