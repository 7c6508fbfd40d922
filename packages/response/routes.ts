import { randomUUID } from "node:crypto";
import { defineRoute, RawResponse, type Route } from "@havn/http";
import { type Clock, HavnError } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import { htmlAnswer } from "./html.ts";
import { answerPage } from "./pages/answer-page.ts";
import type { Paging } from "./pages/paging.ts";
import type { People } from "./roster.ts";
import { calendar } from "./schedules/ical.ts";
import { gaps, onCallAt, segments } from "./schedules/schedule.ts";
import * as store from "./store.ts";

export interface RoutesOptions {
  sql: Sql;
  clock: Clock;
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
const done = z.object({ done: z.boolean() });

export const responseRoutes = (options: RoutesOptions): Route[] => [
  ...answerRoutes(options),
  ...scheduleRoutes(options),
];

function answerRoutes({ paging }: RoutesOptions): Route[] {
  const params = z.object({ token: z.string().max(1000) });
  const foreign = () => htmlAnswer(answerPage({ kind: "unknown" }), 404);
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
        return found ? htmlAnswer(answerPage({ kind: "ask", ...found })) : foreign();
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
        return htmlAnswer(answerPage({ kind: answered ? "thanks" : "used" }), answered ? 200 : 409);
      },
    }),
    defineRoute({
      method: "POST",
      path: "/answer/:token/voice",
      summary: "A key that was pressed during a call: 1 answers the page",
      access: { public: "the token is one person's, for one page, and good once" },
      params,
      consumes: "form",
      body: z.object({ Digits: z.string().optional() }),
      response: z.unknown(),
      async handle({ params: { token }, body }) {
        const answered = body.Digits === "1" ? await paging.answer(token) : undefined;
        const say = answered === undefined ? "Nothing was answered." : "Thank you.";
        return new RawResponse(
          `<?xml version="1.0" encoding="UTF-8"?><Response><Say>${say}</Say></Response>`,
          {
            "content-type": "text/xml; charset=utf-8",
          },
        );
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
        const { count } = await store.deleteOverride(sql, id);
        if (count === 0) throw new HavnError(`There is no override ${id}`, { status: 404 });
        await people.reload();
        return { done: true };
      },
    }),
  ];
}
