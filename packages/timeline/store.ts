import { type Event, type NewEvent, storable } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";
import type { EventFilter } from "./index.ts";

type Row = { [Key in keyof Event]: Event[Key] | null };

/** The new entry, or undefined where its key was there already. */
export async function insertEvent(sql: Sql, told: NewEvent & { at: number }): Promise<Event | undefined> {
  // Events tell what programs and hosts said.
  const event = storable(told);
  const data = jsonb(sql, event.data ?? {});
  const rows = await sql<Row[]>`
    insert into timeline.event (at, environment, address, host, kind, severity, summary, data, actor, key)
    values (${event.at}, ${event.environment ?? null}, ${event.address ?? null}, ${event.host ?? null}, ${event.kind},
      ${event.severity ?? "info"}, ${event.summary}, ${data}, ${event.actor ?? "havn"}, ${event.key ?? null})
    on conflict (key) do nothing
    returning id, at, environment, address, host, kind, severity, summary, data, actor`;
  return rows[0] && toEvent(rows[0]);
}

export async function listEvents(sql: Sql, filter: EventFilter & { limit: number }): Promise<Event[]> {
  const { environment, after, before, kind, address, host, since, until, limit } = filter;
  const rows = await sql<Row[]>`
    select id, at, environment, address, host, kind, severity, summary, data, actor from timeline.event
    where true
      ${environment === undefined ? sql`` : sql`and environment = ${environment}`}
      ${after === undefined ? sql`` : sql`and id > ${after}`}
      ${before === undefined ? sql`` : sql`and id < ${before}`}
      ${kind === undefined ? sql`` : sql`and (kind = ${kind} or starts_with(kind, ${`${kind}.`}))`}
      ${address === undefined ? sql`` : sql`and address = ${address}`}
      ${host === undefined ? sql`` : sql`and host = ${host}`}
      ${since === undefined ? sql`` : sql`and at >= ${since}`}
      ${until === undefined ? sql`` : sql`and at <= ${until}`}
    order by id ${after === undefined ? sql`desc` : sql`asc`} limit ${limit}`;
  return rows.map(toEvent);
}

export const deleteEvents = (sql: Sql, before: number) =>
  sql`delete from timeline.event where at < ${before}`;

function toEvent(row: Row): Event {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Event;
}
