import { randomUUID } from "node:crypto";
import { defineRoute, RawResponse, type Route } from "@havn/http";
import { type Clock, type Event, eventSchema, HavnError, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import { suspects } from "./incidents/suspects.ts";
import { answerPage } from "./pages/answer-page.ts";
import type { Paging } from "./pages/paging.ts";
import type { People } from "./roster.ts";
import { calendar } from "./schedules/ical.ts";
import { gaps, onCallAt, segments } from "./schedules/schedule.ts";
import * as store from "./store.ts";

export interface RoutesOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline & {
    list(filter: { environment?: string; limit?: number; before?: number }): Promise<Event[]>;
  };
  people: People;
  paging: Paging;
}

const dayMs = 86_400_000;
const segmentSchema = z.object({
  from: z.number(),
  to: z.number(),
  person: z.string(),
  source: z.looseObject({}),
});
const incidentSchema = z.object({
  id: z.number(),
  environment: z.string().nullable(),
  title: z.string(),
  severity: z.string(),
  state: z.string(),
  openedAt: z.number(),
  openedBy: z.string(),
  acknowledgedAt: z.number().nullable(),
  resolvedAt: z.number().nullable(),
  resolvedBy: z.string().nullable(),
});
/** Any text: who may not act is refused before it is told what is wrong with it. */
const idParams = z.object({ id: z.string() });
const done = z.object({ done: z.boolean() });

export const responseRoutes = (options: RoutesOptions): Route[] => [
  ...answerRoutes(options),
  ...scheduleRoutes(options),
  ...incidentRoutes(options),
];

function answerRoutes({ paging }: RoutesOptions): Route[] {
  const params = z.object({ token: z.string().max(1000) });
  const html = (body: string, status = 200) =>
    new RawResponse(
      body,
      {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        // Its one form goes to itself.
        "content-security-policy":
          "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
      },
      status,
    );
  const foreign = () => html(answerPage({ kind: "unknown" }), 404);
  return [
    defineRoute({
      method: "GET",
      path: "/answer/:token",
      summary: "Shows the page that a link is about; opening it answers nothing",
      access: { public: "whoever was paged holds the link; mail scanners may open it without harm" },
      params,
      response: z.unknown(),
      async handle({ params: { token } }) {
        const found = await paging.look(token);
        return found ? html(answerPage({ kind: "ask", ...found })) : foreign();
      },
    }),
    defineRoute({
      method: "POST",
      path: "/answer/:token",
      summary: "Answers a page: nobody else is asked while the answer holds",
      access: { public: "the token is one person's, for one page, and good once" },
      params,
      consumes: "form",
      response: z.unknown(),
      async handle({ params: { token } }) {
        const answered = await paging.answer(token);
        if (answered === undefined) return foreign();
        return html(answerPage({ kind: answered ? "thanks" : "used" }), answered ? 200 : 409);
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/pages/:id/acknowledge",
      summary: "Answers a page as whoever is signed in",
      access: { action: "page:acknowledge", resource: ({ params: { id } }) => id },
      params: z.object({ id: z.string() }),
      response: done,
      handle: async ({ params: { id }, identity }) => ({
        done: await paging.acknowledge(id, identity.actor),
      }),
    }),
  ];
}

function scheduleRoutes({ sql, clock, people }: RoutesOptions): Route[] {
  const params = z.object({ environment: z.string(), name: z.string() });
  const find = ({ environment, name }: z.output<typeof params>) => {
    const found = people
      .schedules()
      .find((one) => one.environment === environment && one.schedule.name === name);
    if (!found) throw new HavnError(`There is no schedule ${name} in ${environment}`, { status: 404 });
    return found;
  };
  const span = z.object({ from: z.coerce.number().optional(), to: z.coerce.number().optional() });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/oncall",
      summary: "Who is on call now, why, until when, and who is next",
      access: { action: "schedule:read" },
      response: z.object({
        schedules: z.array(
          z.object({
            environment: z.string(),
            name: z.string(),
            zone: z.string(),
            now: segmentSchema,
            next: segmentSchema.optional(),
            gaps: z
              .array(segmentSchema)
              .describe("times within four weeks in which only the fallback is on call"),
          }),
        ),
      }),
      handle: () => ({
        schedules: people.schedules().map(({ environment, schedule }) => {
          const at = clock.now();
          const [now, next] = segments(schedule, at, at + 28 * dayMs);
          const current = now ?? { from: at, to: at, ...onCallAt(schedule, at) };
          const { name, zone } = schedule;
          return { environment, name, zone, now: current, next, gaps: gaps(schedule, at, at + 28 * dayMs) };
        }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/schedules/:environment/:name",
      summary: "A schedule's shifts, two weeks from now where nothing else is asked",
      access: { action: "schedule:read" },
      params,
      query: span,
      response: z.object({ segments: z.array(segmentSchema) }),
      handle({ params: wanted, query }) {
        const from = query.from ?? clock.now();
        const to = Math.min(query.to ?? from + 14 * dayMs, from + 400 * dayMs);
        return { segments: segments(find(wanted).schedule, from, to) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/schedules/:environment/:name/calendar.ics",
      summary: "A schedule as a calendar: UTC events, a week back and ninety days ahead",
      access: { action: "schedule:read" },
      params,
      response: z.unknown(),
      handle({ params: wanted }) {
        const { schedule, revision: sequence } = find(wanted);
        const now = clock.now();
        const found = segments(schedule, now - 7 * dayMs, now + 90 * dayMs);
        const text = calendar({ name: schedule.name, segments: found, sequence, now });
        return new RawResponse(text, { "content-type": "text/calendar; charset=utf-8" });
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/schedules/:environment/:name/overrides",
      summary: "Someone takes the schedule over for a while, or (with `out`) stands in for one person",
      access: {
        action: "schedule:override",
        resource: ({ params: { environment, name } }) => `${environment}/schedule/${name}`,
      },
      params,
      body: z.strictObject({
        from: z.number(),
        to: z.number(),
        person: z.string(),
        out: z.string().optional(),
      }),
      response: z.object({ id: z.string() }),
      async handle({ params: wanted, body, identity }) {
        find(wanted);
        for (const person of [body.person, body.out ?? body.person])
          if (!people.contact(wanted.environment, person))
            throw new HavnError(`There is no contact ${person} in ${wanted.environment}`, { status: 400 });
        if (body.to <= body.from)
          throw new HavnError("An override must end after it begins", { status: 400 });
        const id = randomUUID();
        await store.insertOverride(sql, {
          ...{ id, from: body.from, to: body.to, person: body.person, out: body.out ?? null },
          schedule: `${wanted.environment}/schedule/${wanted.name}`,
          createdBy: identity.actor,
          createdAt: clock.now(),
        });
        await people.reload();
        return { id };
      },
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/overrides/:id",
      summary: "Takes an override or a swap back",
      access: { action: "schedule:override", resource: ({ params: { id } }) => id },
      params: z.object({ id: z.string() }),
      response: done,
      async handle({ params: { id } }) {
        await store.deleteOverride(sql, id);
        await people.reload();
        return { done: true };
      },
    }),
  ];
}

function incidentRoutes({ sql, clock, timeline, paging }: RoutesOptions): Route[] {
  const find = async (id: string) => {
    const number = Number(id);
    const incident = Number.isSafeInteger(number) ? await store.findIncident(sql, number) : undefined;
    if (!incident) throw new HavnError(`There is no incident ${id}`, { status: 404 });
    return incident;
  };
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
      path: "/api/v1/incidents/:id",
      summary: "An incident: what happened around it, what changed shortly before, and who was asked how",
      access: { action: "incident:read" },
      params: idParams,
      response: z.object({
        incident: incidentSchema,
        timeline: z.array(eventSchema),
        suspects: z.array(z.object({ event: eventSchema, score: z.number(), evidence: z.array(z.string()) })),
        pages: z.array(z.looseObject({ id: z.string(), state: z.string() })),
        attempts: z.array(z.looseObject({ channel: z.string() })),
      }),
      async handle({ params: { id } }) {
        const incident = await find(id);
        const pages = await store.listPages(sql, incident.id);
        const events = await eventsAround(timeline, incident);
        return {
          incident,
          timeline: events.filter(({ at }) => at >= incident.openedAt - 60_000),
          suspects: suspects(events, incident),
          pages: pages.map((page) => ({ ...page })),
          attempts: (
            await store.listAttempts(
              sql,
              pages.map((page) => page.id),
            )
          ).map((one) => ({ ...one })),
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents",
      summary: "Opens an incident by hand",
      access: { action: "incident:create" },
      body: z.strictObject({
        title: z.string().min(1).max(500),
        environment: z.string().optional(),
        severity: z.enum(["info", "warning", "critical"]).default("warning"),
      }),
      response: incidentSchema,
      async handle({ body, identity }) {
        const { title, severity, environment = null } = body;
        const key = `by hand ${randomUUID()}`;
        const by = { openedAt: clock.now(), openedBy: identity.actor };
        const incident = await store.insertIncident(sql, {
          key,
          environment,
          title,
          severity,
          alerts: [],
          ...by,
        });
        await timeline.write({
          ...{
            kind: "incident.opened",
            environment: body.environment,
            severity: "error",
            actor: identity.actor,
          },
          ...{ summary: `Incident ${incident.id}: ${title}`, data: { incident: incident.id } },
        });
        return incident;
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/acknowledge",
      summary: "Answers every page of an incident",
      access: { action: "page:acknowledge", resource: ({ params: { id } }) => id },
      params: idParams,
      response: done,
      async handle({ params, identity }) {
        const { id } = await find(params.id);
        let any = false;
        for (const page of await store.listPages(sql, id))
          any = (await paging.acknowledge(page.id, identity.actor)) || any;
        if (!any) await store.acknowledgeIncident(sql, id, clock.now());
        return { done: any };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/incidents/:id/resolve",
      summary: "Closes an incident and ends its pages",
      access: { action: "incident:update", resource: ({ params: { id } }) => id },
      params: idParams,
      response: done,
      async handle({ params, identity }) {
        const incident = await find(params.id);
        const { id } = incident;
        const resolved = await store.resolveIncident(sql, id, identity.actor, clock.now());
        for (const page of await store.listPages(sql, id)) paging.wake(page.id);
        if (resolved)
          await timeline.write({
            ...{ kind: "incident.resolved", actor: identity.actor, key: `incident:${id}:resolved` },
            summary: `Incident ${id} is over: ${incident.title}`,
            environment: incident.environment ?? undefined,
          });
        return { done: resolved };
      },
    }),
  ];
}

/** From an hour before it opened until ten minutes after its end, oldest first. */
async function eventsAround(timeline: RoutesOptions["timeline"], incident: store.Incident): Promise<Event[]> {
  const environment = incident.environment === null ? {} : { environment: incident.environment };
  const [from, to] = [incident.openedAt - 3_600_000, (incident.resolvedAt ?? Number.MAX_VALUE) + 600_000];
  const found: Event[] = [];
  let before: number | undefined;
  for (let pages = 0; pages < 20; pages++) {
    const events = await timeline.list({
      ...environment,
      limit: 1000,
      ...(before !== undefined && { before }),
    });
    found.push(...events.filter(({ at }) => at >= from && at <= to));
    before = events.at(-1)?.id;
    if (before === undefined || (events.at(-1)?.at ?? 0) < from) break;
  }
  return found.reverse();
}
