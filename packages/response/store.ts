import { type Channel, type IncidentSummary, storable } from "@havn/model";
import { jsonb, type Sql, type TransactionSql } from "@havn/postgres";
import type { Message } from "./notifiers/index.ts";
import type { PageState } from "./pages/decide.ts";
import type { Override, Swap } from "./schedules/schedule.ts";

type Db = Sql | TransactionSql;

export interface Declared {
  address: string;
  environment: string;
  type: string;
  name: string;
  properties: Record<string, unknown>;
  revision: number;
}

export const listDeclared = (sql: Sql): Promise<Declared[]> =>
  sql<Declared[]>`select * from response.declared order by address`;

export const putDeclared = (sql: Sql, one: Omit<Declared, "revision">) => sql`
  insert into response.declared (address, environment, type, name, properties)
  values (${one.address}, ${one.environment}, ${one.type}, ${one.name}, ${jsonb(sql, one.properties)})
  on conflict (address) do update set properties = excluded.properties, revision = declared.revision + 1`;

export const deleteDeclared = (sql: Sql, address: string) =>
  sql`delete from response.declared where address = ${address}`;

export interface OverrideRow extends Override {
  schedule: string;
  /** Who is stood in for; null: whoever is on call. */
  out: string | null;
  createdBy: string;
  createdAt: number;
}

export const listOverrides = (sql: Sql): Promise<OverrideRow[]> =>
  sql<OverrideRow[]>`
    select id, schedule, from_at as from, to_at as to, person, out, created_by as "createdBy", created_at as "createdAt"
    from response.override order by created_at, id`;

export const insertOverride = (sql: Sql, one: OverrideRow) => sql`
  insert into response.override (id, schedule, from_at, to_at, person, out, created_by, created_at)
  values (${one.id}, ${one.schedule}, ${one.from}, ${one.to}, ${one.person}, ${one.out}, ${one.createdBy}, ${one.createdAt})`;

export const deleteOverride = (sql: Sql, id: string) => sql`delete from response.override where id = ${id}`;

export const isSwap = (one: OverrideRow): one is OverrideRow & Swap => one.out !== null;

/** Those of these ids that were not taken in before. */
export const take = async (
  sql: Db,
  all: readonly { id: string; at: number }[],
): Promise<ReadonlySet<string>> => {
  const rows = await sql<{ id: string }[]>`
    insert into response.taken (id, at) select id, at from jsonb_to_recordset(${jsonb(
      sql,
      all.map(({ id, at }) => ({ id, at })),
    )}) as one (id text, at bigint)
    on conflict do nothing returning id`;
  return new Set(rows.map(({ id }) => id));
};

export interface Incident extends IncidentSummary {
  key: string;
  alerts: Message["alerts"];
  /** As somebody said; those that follow from the graph are found anew each time. */
  services: string[];
}

const incidentColumns = (sql: Db) => sql`id, key, environment, title, severity, state, status, alerts,
  opened_at as "openedAt", opened_by as "openedBy", trouble_at as "troubleAt", acknowledged_at as "acknowledgedAt",
  mitigated_at as "mitigatedAt", resolved_at as "resolvedAt", resolved_by as "resolvedBy", roles, services, public`;

export const listIncidents = (sql: Db): Promise<Incident[]> =>
  sql<Incident[]>`select ${incidentColumns(sql)} from response.incident
    order by (state = 'resolved'), opened_at desc limit 200`;

export const findIncident = async (sql: Db, id: number): Promise<Incident | undefined> =>
  (await sql<Incident[]>`select ${incidentColumns(sql)} from response.incident where id = ${id}`)[0];

export const findOpenIncident = async (sql: Db, key: string): Promise<Incident | undefined> =>
  (
    await sql<Incident[]>`select ${incidentColumns(sql)} from response.incident
      where key = ${key} and state <> 'resolved'`
  )[0];

export type NewIncident = Pick<
  Incident,
  "key" | "environment" | "title" | "severity" | "alerts" | "openedAt" | "openedBy" | "troubleAt"
>;

export const insertIncident = async (sql: Db, one: NewIncident): Promise<Incident> => {
  const [row] = await sql<Incident[]>`
    insert into response.incident (key, environment, title, severity, state, alerts, opened_at, opened_by, trouble_at)
    values (${one.key}, ${one.environment}, ${one.title}, ${one.severity}, 'open', ${jsonb(sql, one.alerts)},
      ${one.openedAt}, ${one.openedBy}, ${one.troubleAt})
    returning ${incidentColumns(sql)}`;
  if (!row) throw new Error("the incident was not written");
  return row;
};

export const updateIncidentAlerts = (sql: Db, id: number, alerts: Message["alerts"]) =>
  sql`update response.incident set alerts = ${jsonb(sql, alerts)} where id = ${id}`;

export const acknowledgeIncident = (sql: Db, id: number, at: number) => sql`
  update response.incident set state = 'acknowledged', acknowledged_at = coalesce(acknowledged_at, ${at})
  where id = ${id} and state = 'open'`;

export const reopenIncident = (sql: Db, id: number) =>
  sql`update response.incident set state = 'open' where id = ${id} and state = 'acknowledged'`;

/** False where it was resolved before. Its pages end with it. */
export const resolveIncident = async (sql: Db, id: number, by: string, at: number): Promise<boolean> => {
  await sql`update response.page set state = 'resolved', resolved_at = ${at}
    where incident = ${id} and state <> 'resolved'`;
  const rows =
    await sql`update response.incident set state = 'resolved', status = 'resolved', resolved_at = ${at}, resolved_by = ${by},
      mitigated_at = coalesce(mitigated_at, ${at})
    where id = ${id} and state <> 'resolved' returning id`;
  return rows.length > 0;
};

export interface Page extends PageState {
  id: string;
  incident: number;
  environment: string;
  acknowledgedFor: number;
  createdAt: number;
  acknowledgedBy: string | null;
  acknowledgedAt: number | null;
}

const pageColumns = (
  sql: Db,
) => sql`id, incident, environment, state, levels, round, level, asked_at as "askedAt",
  acknowledged_for as "acknowledgedFor", created_at as "createdAt", acknowledged_by as "acknowledgedBy",
  acknowledged_at as "acknowledgedAt", acknowledged_until as "acknowledgedUntil"`;

export const findPage = async (sql: Db, id: string): Promise<Page | undefined> =>
  (await sql<Page[]>`select ${pageColumns(sql)} from response.page where id = ${id} for update`)[0];

export const listPages = (sql: Db, incident: number): Promise<Page[]> =>
  sql<Page[]>`select ${pageColumns(sql)} from response.page where incident = ${incident} order by created_at`;

export const listUnresolvedPages = (sql: Db): Promise<Page[]> =>
  sql<Page[]>`select ${pageColumns(sql)} from response.page where state <> 'resolved' order by created_at`;

export const insertPage = (
  sql: Db,
  page: Pick<Page, "id" | "incident" | "environment" | "levels" | "acknowledgedFor" | "createdAt">,
) => sql`
  insert into response.page (id, incident, environment, state, levels, acknowledged_for, round, level, created_at)
  values (${page.id}, ${page.incident}, ${page.environment}, 'open', ${jsonb(sql, page.levels)}, ${page.acknowledgedFor},
    0, 0, ${page.createdAt})
  on conflict do nothing`;

export const askLevel = (sql: Db, id: string, next: { round: number; level: number; at: number }) => sql`
  update response.page set state = 'open', round = ${next.round}, level = ${next.level}, asked_at = ${next.at},
    acknowledged_until = null where id = ${id}`;

export const acknowledgePage = async (
  sql: Db,
  id: string,
  answer: { by: string; at: number; until: number },
): Promise<boolean> =>
  (
    await sql`update response.page set state = 'acknowledged', acknowledged_by = ${answer.by},
      acknowledged_at = ${answer.at}, acknowledged_until = ${answer.until}
      where id = ${id} and state <> 'resolved' returning id`
  ).length > 0;

export const isAsked = async (sql: Db, page: string, round: number): Promise<boolean> =>
  (await sql`select 1 from response.page where id = ${page} and state = 'open' and round = ${round}`).length >
  0;

export const isUsed = async (sql: Db, token: string): Promise<boolean> =>
  (await sql`select 1 from response.used_answer where token = ${token}`).length > 0;

/** False where it was used before. */
export const useToken = async (sql: Db, token: string, at: number): Promise<boolean> =>
  (
    await sql`insert into response.used_answer (token, at) values (${token}, ${at})
      on conflict do nothing returning token`
  ).length > 0;

export interface Notice {
  id: string;
  environment: string;
  channel: Channel;
  /** Taken in turn where the one before took nothing. */
  otherwise: Channel[];
  message: Message;
}

/** Lines of tab-parted JSON, where no tab and no line break can be: each text is read once on its way, not thrice. */
export const insertNotices = (sql: Db, all: readonly Notice[]) => sql`
  insert into response.notice (id, environment, channel, otherwise, message, about, at)
  select own->>0, own->>1, own->2, own->3, message, own->>4, (own->>5)::bigint from (
    select split_part(line, E'\\t', 1)::jsonb as own, split_part(line, E'\\t', 2)::json as message
    from string_to_table(${all.map(noticeLine).join("\n")}, E'\\n') as line where line <> '') as rows
  on conflict do nothing`;

const noticeLine = ({ id, environment, channel, otherwise, message }: Notice): string =>
  [[id, environment, channel, otherwise, message.about, Math.trunc(message.at)], message]
    .map((part) => JSON.stringify(part))
    .join("\t");

export const findNotice = async (sql: Db, id: string): Promise<Notice | undefined> =>
  (
    await sql<
      Notice[]
    >`select id, environment, channel, otherwise, message from response.notice where id = ${id}`
  )[0];

export const listOpenNotices = async (sql: Db): Promise<string[]> =>
  (await sql<{ id: string }[]>`select id from response.notice where state = 'open'`).map(({ id }) => id);

export const isOvertaken = async (sql: Db, id: string): Promise<boolean> =>
  (
    await sql`select 1 from response.notice as own join response.notice as later
      on later.about = own.about and later.at > own.at and later.channel = own.channel
      where own.id = ${id} limit 1`
  ).length > 0;

export const endNotices = (sql: Db, ids: readonly string[], state: "accepted" | "failed") =>
  sql`update response.notice set state = ${state} where id = any(${[...ids]})`;

export interface Attempt {
  id: string;
  /** A page's or a notice's id. */
  about: string;
  person: string | null;
  channel: string;
  round: number;
  level: number;
  number: number;
  begunAt: number;
  acceptedAt: number | null;
  openedAt: number | null;
  acknowledgedAt: number | null;
  failure: string | null;
  detail: string | null;
}

export const listAttempts = (sql: Db, about: readonly string[]): Promise<Attempt[]> =>
  sql<Attempt[]>`
    select id, about, person, channel, round, level, number, begun_at as "begunAt", accepted_at as "acceptedAt",
      opened_at as "openedAt", acknowledged_at as "acknowledgedAt", failure, detail
    from response.attempt where about = any(${[...about]}) order by begun_at, id`;

export type NewAttempt = Pick<
  Attempt,
  "id" | "about" | "person" | "channel" | "round" | "level" | "number" | "begunAt"
>;

/** Those that are there already stay as they are. */
export const insertAttempts = (sql: Db, all: readonly NewAttempt[]) => sql`
  insert into response.attempt (id, about, person, channel, round, level, number, begun_at)
  select id, about, person, channel, round, level, number, "begunAt" from jsonb_to_recordset(${jsonb(sql, all)})
    as one (id text, about text, person text, channel text, round int, level int, number int, "begunAt" bigint)
  on conflict do nothing`;

/** How a try came out that was begun before, and ended; undefined for one that is begun now, or was cut off. */
export const beginAttempt = async (sql: Db, one: NewAttempt): Promise<"accepted" | "failed" | undefined> => {
  const [row] = await sql<{ accepted: boolean; failed: boolean }[]>`
    insert into response.attempt (id, about, person, channel, round, level, number, begun_at)
    values (${one.id}, ${one.about}, ${one.person}, ${one.channel}, ${one.round}, ${one.level}, ${one.number}, ${one.begunAt})
    on conflict (id) do update set id = excluded.id
    returning accepted_at is not null as accepted, failure is not null as failed`;
  return row?.accepted ? "accepted" : row?.failed ? "failed" : undefined;
};

export interface AttemptEnd {
  id: string;
  acceptedAt: number | null;
  failure: string | null;
  detail: string | null;
}

export const endAttempts = (sql: Db, all: readonly AttemptEnd[]) => sql`
  update response.attempt set accepted_at = one."acceptedAt", failure = one.failure, detail = one.detail
  from jsonb_to_recordset(${jsonb(sql, storable(all))})
    as one (id text, "acceptedAt" bigint, failure text, detail text)
  where attempt.id = one.id`;

/** The link of this person's round was opened, or answered. */
export const markAttempts = (
  sql: Db,
  column: "opened_at" | "acknowledged_at",
  { page, person, round, at }: { page: string; person: string; round: number; at: number },
) => sql`
  update response.attempt set ${sql(column)} = coalesce(${sql(column)}, ${at})
  where about = ${page} and person = ${person} and round = ${round}`;
