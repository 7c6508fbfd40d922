import type { IncidentAction, IncidentNote, Labels, Postmortem } from "@havn/model";
import { jsonb, type Sql, type TransactionSql } from "@havn/postgres";
import type { CountedPage } from "./metrics.ts";
import type { ComponentState } from "./status-page.ts";

type Db = Sql | TransactionSql;

export const listNotes = (sql: Db, incident: number): Promise<IncidentNote[]> =>
  sql<IncidentNote[]>`select id, at, by, kind, status, text from response.incident_note
    where incident = ${incident} order by at, id`;

export const insertNote = async (
  sql: Db,
  incident: number,
  note: Omit<IncidentNote, "id">,
): Promise<IncidentNote> => {
  const [row] = await sql<IncidentNote[]>`
    insert into response.incident_note (incident, at, by, kind, status, text)
    values (${incident}, ${note.at}, ${note.by}, ${note.kind}, ${note.status}, ${note.text})
    returning id, at, by, kind, status, text`;
  if (!row) throw new Error("the note was not written");
  return row;
};

const actionColumns = (sql: Db) => sql`id, incident, text, owner, due, created_at as "createdAt",
  created_by as "createdBy", done_at as "doneAt", done_by as "doneBy"`;

export const listActions = (
  sql: Db,
  { incident, open = false }: { incident?: number; open?: boolean },
): Promise<IncidentAction[]> =>
  sql<IncidentAction[]>`select ${actionColumns(sql)} from response.incident_action
    where true ${incident === undefined ? sql`` : sql`and incident = ${incident}`}
      ${open ? sql`and done_at is null` : sql``}
    order by due, id limit 1000`;

export const insertAction = async (
  sql: Db,
  one: Pick<IncidentAction, "incident" | "text" | "owner" | "due" | "createdAt" | "createdBy">,
): Promise<IncidentAction> => {
  const [row] = await sql<IncidentAction[]>`
    insert into response.incident_action (incident, text, owner, due, created_at, created_by)
    values (${one.incident}, ${one.text}, ${one.owner}, ${one.due}, ${one.createdAt}, ${one.createdBy})
    returning ${actionColumns(sql)}`;
  if (!row) throw new Error("the action item was not written");
  return row;
};

/** The item as it is then; undefined where there is none. A second time changes nothing. */
export const completeAction = async (
  sql: Db,
  id: number,
  { at, by }: { at: number; by: string },
): Promise<IncidentAction | undefined> => {
  await sql`update response.incident_action set done_at = ${at}, done_by = ${by} where id = ${id} and done_at is null`;
  return (
    await sql<IncidentAction[]>`select ${actionColumns(sql)} from response.incident_action where id = ${id}`
  )[0];
};

export const findPostmortem = async (sql: Db, incident: number): Promise<Postmortem | undefined> =>
  (
    await sql<Postmortem[]>`select markdown, revision, edited_at as "editedAt", edited_by as "editedBy"
      from response.postmortem where incident = ${incident}`
  )[0];

/** The new revision; undefined where another one than `revision` (0: none) is kept by now. */
export const putPostmortem = async (
  sql: Db,
  incident: number,
  one: { markdown: string; revision: number; at: number; by: string },
): Promise<number | undefined> =>
  one.revision === 0
    ? (
        await sql<{ revision: number }[]>`
          insert into response.postmortem (incident, markdown, revision, edited_at, edited_by)
          values (${incident}, ${one.markdown}, 1, ${one.at}, ${one.by})
          on conflict do nothing returning revision`
      )[0]?.revision
    : (
        await sql<{ revision: number }[]>`
          update response.postmortem set markdown = ${one.markdown}, revision = revision + 1, edited_at = ${one.at},
            edited_by = ${one.by}
          where incident = ${incident} and revision = ${one.revision} returning revision`
      )[0]?.revision;

export const deletePostmortem = (sql: Db, incident: number) =>
  sql`delete from response.postmortem where incident = ${incident}`;

export interface IncidentChange {
  title?: string | undefined;
  severity?: string | undefined;
  status?: string | undefined;
  public?: boolean | undefined;
  roles?: Record<string, string> | undefined;
  services?: readonly string[] | undefined;
  mitigatedAt?: number | undefined;
}

/** Changes what is given. */
export const updateIncident = (sql: Db, id: number, change: IncidentChange) => sql`
  update response.incident set
    title = coalesce(${change.title ?? null}, title),
    severity = coalesce(${change.severity ?? null}, severity),
    status = coalesce(${change.status ?? null}, status),
    public = coalesce(${change.public ?? null}, public),
    roles = coalesce(${change.roles ? jsonb(sql, change.roles) : null}, roles),
    services = coalesce(${change.services ? jsonb(sql, change.services) : null}, services),
    mitigated_at = coalesce(mitigated_at, ${change.mitigatedAt ?? null})
  where id = ${id}`;

/** Ids of incidents that opened in this time. */
export const listOpenedBetween = async (
  sql: Db,
  { from, to, environment }: { from: number; to: number; environment?: string | undefined },
): Promise<number[]> =>
  (
    await sql<
      { id: number }[]
    >`select id from response.incident where opened_at >= ${from} and opened_at < ${to}
      ${environment === undefined ? sql`` : sql`and environment = ${environment}`} order by opened_at desc limit 10000`
  ).map(({ id }) => id);

/** Who was asked about these incidents, each level of each round once. */
export const listAsked = (sql: Db, incidents: readonly number[]): Promise<CountedPage[]> =>
  sql<CountedPage[]>`
    select page.incident, attempt.person, min(attempt.begun_at) as at
    from response.attempt join response.page on page.id = attempt.about
    where page.incident = any(${[...incidents]}) and attempt.person is not null
    group by page.incident, page.id, attempt.person, attempt.round, attempt.level`;

interface AskedRow {
  at: number;
  incident: number;
  title: string;
  person: string;
  alerts: { labels: Labels }[];
}

/** As above, of all incidents since then; the newest 10,000. */
export const listPagesSince = async (sql: Db, since: number) =>
  (
    await sql<AskedRow[]>`
      select asked.*, incident.title, incident.alerts from (
        select page.incident, attempt.person, min(attempt.begun_at) as at
        from response.attempt join response.page on page.id = attempt.about
        where attempt.person is not null
        group by page.incident, page.id, attempt.person, attempt.round, attempt.level) asked
      join response.incident on incident.id = asked.incident
      where asked.at >= ${since} order by asked.at desc limit 10000`
  ).map(({ alerts, ...asked }) => ({ ...asked, alerts: alerts.map(({ labels }) => labels) }));

export interface Subscriber {
  id: string;
  environment: string;
  page: string;
  kind: "email" | "webhook";
  target: string;
}

export const listSubscribers = (sql: Db, environment: string, page: string): Promise<Subscriber[]> =>
  sql<Subscriber[]>`select id, environment, page, kind, target from response.subscriber
    where environment = ${environment} and page = ${page} order by created_at, id`;

/** False where that target was told already. */
export const insertSubscriber = async (sql: Db, one: Subscriber & { createdAt: number }): Promise<boolean> =>
  (
    await sql`insert into response.subscriber (id, environment, page, kind, target, created_at)
      values (${one.id}, ${one.environment}, ${one.page}, ${one.kind}, ${one.target}, ${one.createdAt})
      on conflict do nothing returning id`
  ).length > 0;

export const deleteSubscriber = async (sql: Db, id: string): Promise<boolean> =>
  (await sql`delete from response.subscriber where id = ${id} returning id`).length > 0;

export interface Said {
  environment: string;
  page: string;
  component: string;
  state: ComponentState;
  note: string;
  by: string;
  at: number;
}

export const listSaid = (sql: Sql, environment: string, page: string): Promise<Said[]> =>
  sql<Said[]>`select environment, page, component, state, note, by, at from response.component_state
    where environment = ${environment} and page = ${page}`;

/** Operational says nothing that incidents do not: it takes back what was said. */
export const putSaid = (sql: Sql, one: Said) =>
  one.state === "operational"
    ? sql`delete from response.component_state
        where environment = ${one.environment} and page = ${one.page} and component = ${one.component}`
    : sql`insert into response.component_state (environment, page, component, state, note, by, at)
        values (${one.environment}, ${one.page}, ${one.component}, ${one.state}, ${one.note}, ${one.by}, ${one.at})
        on conflict (environment, page, component) do update
        set state = excluded.state, note = excluded.note, by = excluded.by, at = excluded.at`;
