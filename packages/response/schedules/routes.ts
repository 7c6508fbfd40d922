import { randomUUID } from "node:crypto";
import { defineRoute, RawResponse, type Route } from "@havn/http";
import { type Clock, HavnError, scheduleViewSchema, segmentSchema, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import type { People } from "../roster.ts";
import * as store from "../store.ts";
import { calendarToken, readCalendarToken } from "./calendar-token.ts";
import { calendar } from "./ical.ts";
import { gaps, onCallAt, type Schedule, segments } from "./schedule.ts";

export interface ScheduleRoutesOptions {
  sql: Sql;
  clock: Clock;
  people: People;
  timeline: Pick<Timeline, "write">;
  /** Signs the addresses of calendars. */
  answerKey: string;
}

const dayMs = 86_400_000;
const longestMs = 400 * dayMs;
const params = z.object({ environment: z.string(), name: z.string() });
const latest = Date.UTC(9999, 11, 31);
/** Milliseconds since the epoch; what no calendar has would be stored, and then fail whoever reads it. */
const moment = z.number().int().min(0).max(latest);
const asked = z.coerce.number().min(0).max(latest).optional();
const span = z.object({ from: asked, to: asked });
const done = z.object({ done: z.boolean() });

export const scheduleRoutes = (options: ScheduleRoutesOptions): Route[] => [
  ...readRoutes(options),
  ...calendarRoutes(options),
  ...overrideRoutes(options),
];

const finder =
  (people: People) =>
  ({ environment, name }: { environment: string; name: string }) => {
    const found = people
      .schedules()
      .find((one) => one.environment === environment && one.schedule.name === name);
    if (!found) throw new HavnError(`There is no schedule ${name} in ${environment}`, { status: 404 });
    return found;
  };

function readRoutes({ sql, clock, people, answerKey }: ScheduleRoutesOptions): Route[] {
  const find = finder(people);
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
      summary:
        "A schedule's shifts, what they are made of, and who may take them; two weeks from now unless told",
      access: { action: "schedule:read" },
      params,
      query: span,
      response: scheduleViewSchema,
      async handle({ params: wanted, query }) {
        const { schedule } = find(wanted);
        const from = query.from ?? clock.now();
        const to = Math.min(query.to ?? from + 14 * dayMs, from + longestMs);
        const address = `${wanted.environment}/schedule/${wanted.name}`;
        const overrides = (await store.listOverrides(sql)).filter(
          (one) => one.schedule === address && one.to > from && one.from < to,
        );
        return {
          ...{ zone: schedule.zone, fallback: schedule.fallback, segments: segments(schedule, from, to) },
          layers: schedule.layers.map((layer) => ({
            name: layer.name,
            segments: alone(schedule, layer, from, to),
          })),
          overrides,
          people: people.contacts(wanted.environment),
          calendar: `/calendar/${calendarToken(wanted, answerKey)}/oncall.ics`,
        };
      },
    }),
  ];
}

/** What a layer would give without the others: where it has nobody, there is nothing. */
const alone = (schedule: Schedule, layer: Schedule["layers"][number], from: number, to: number) =>
  segments({ ...schedule, layers: [layer], overrides: [], swaps: [] }, from, to).filter(
    ({ source }) => source.kind === "layer",
  );

function calendarRoutes({ clock, people, answerKey }: ScheduleRoutesOptions): Route[] {
  const find = finder(people);
  const answer = (wanted: { environment: string; name: string }) => {
    const { schedule, revision: sequence } = find(wanted);
    const now = clock.now();
    const found = segments(schedule, now - 7 * dayMs, now + 90 * dayMs);
    const text = calendar({ name: schedule.name, segments: found, sequence, now });
    return new RawResponse(text, { "content-type": "text/calendar; charset=utf-8" });
  };
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/schedules/:environment/:name/calendar.ics",
      summary: "A schedule as a calendar: UTC events, a week back and ninety days ahead",
      access: { action: "schedule:read" },
      params,
      response: z.unknown(),
      handle: ({ params: wanted }) => answer(wanted),
    }),
    defineRoute({
      method: "GET",
      path: "/calendar/:token/oncall.ics",
      summary: "The same for calendar programs, which cannot sign in",
      access: { public: "the token is signed and good for reading this one schedule" },
      params: z.object({ token: z.string().max(1000) }),
      response: z.unknown(),
      handle({ params: { token } }) {
        const wanted = readCalendarToken(token, answerKey);
        if (!wanted) throw new HavnError("There is no such calendar", { status: 404 });
        return answer(wanted);
      },
    }),
  ];
}

function overrideRoutes({ sql, clock, people, timeline }: ScheduleRoutesOptions): Route[] {
  const find = finder(people);
  const time = (at: number) => new Date(at).toISOString().slice(0, 16).replace("T", " ");
  return [
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
        from: moment,
        to: moment,
        person: z.string(),
        out: z.string().optional(),
      }),
      response: z.object({ id: z.string() }),
      async handle({ params: { environment, name }, body, identity }) {
        find({ environment, name });
        for (const person of [body.person, body.out ?? body.person])
          if (!people.contact(environment, person))
            throw new HavnError(`There is no contact ${person} in ${environment}`, { status: 400 });
        if (body.to <= body.from)
          throw new HavnError("An override must end after it begins", { status: 400 });
        const [id, schedule] = [randomUUID(), `${environment}/schedule/${name}`];
        await store.insertOverride(sql, {
          ...{ id, from: body.from, to: body.to, person: body.person, out: body.out ?? null, schedule },
          createdBy: identity.actor,
          createdAt: clock.now(),
        });
        await people.reload();
        const instead = body.out === undefined ? "takes over" : `stands in for ${body.out} on`;
        await timeline.write({
          ...{ kind: "schedule.override", environment, address: schedule, actor: identity.actor },
          summary: `${body.person} ${instead} ${name} from ${time(body.from)} to ${time(body.to)} UTC`,
          key: `override:${id}`,
        });
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
      async handle({ params: { id }, identity }) {
        const known = (await store.listOverrides(sql)).find((one) => one.id === id);
        const { count } = await store.deleteOverride(sql, id);
        if (count === 0) throw new HavnError(`There is no override ${id}`, { status: 404 });
        await people.reload();
        const [environment = "", , name = ""] = known?.schedule.split("/") ?? [];
        if (known)
          await timeline.write({
            ...{ kind: "schedule.override-ended", environment, address: known.schedule },
            summary: `${known.person} no longer takes ${name} over from ${time(known.from)} UTC on`,
            ...{ actor: identity.actor, key: `override:${id}:ended` },
          });
        return { done: true };
      },
    }),
  ];
}
