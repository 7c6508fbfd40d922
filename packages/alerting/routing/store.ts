import type { RouteProperties } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";
import type { RoutedAlert } from "./alert.ts";
import type { Told } from "./notify.ts";
import type { Silence } from "./silences.ts";

export interface DeclaredRoute {
  address: string;
  environment: string;
  name: string;
  properties: RouteProperties;
}

export const listRoutes = (sql: Sql): Promise<DeclaredRoute[]> =>
  sql<DeclaredRoute[]>`select address, environment, name, properties from alerting.route order by address`;

export const putRoute = (sql: Sql, route: DeclaredRoute) => sql`
  insert into alerting.route (address, environment, name, properties)
  values (${route.address}, ${route.environment}, ${route.name}, ${jsonb(sql, route.properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteRoute = (sql: Sql, address: string) =>
  sql`delete from alerting.route where address = ${address}`;

export const listSilences = async (sql: Sql): Promise<Silence[]> =>
  (await sql<{ silence: Silence }[]>`select silence from alerting.silence`).map(({ silence }) => silence);

export const putSilence = (sql: Sql, silence: Silence) => sql`
  insert into alerting.silence (id, ends_at, silence)
  values (${silence.id}, ${silence.endsAt}, ${jsonb(sql, silence)})
  on conflict (id) do update set ends_at = excluded.ends_at, silence = excluded.silence`;

export const deleteSilencesBefore = (sql: Sql, endsAt: number) =>
  sql`delete from alerting.silence where ends_at < ${endsAt}`;

export const listTold = async (sql: Sql): Promise<[string, Told][]> =>
  (await sql<{ id: string; told: Told }[]>`select id, told from alerting.told`).map(({ id, told }) => [
    id,
    told,
  ]);

/** All of them or none. */
export const putTold = (sql: Sql, entries: readonly (readonly [id: string, told: Told])[]) => sql`
  insert into alerting.told (id, at, told)
  select split_part(head, ' ', 1), split_part(head, ' ', 2)::bigint, value::json
  from ${lines(
    sql,
    entries.map(([id, told]) => [`${id} ${told.at}`, told]),
  )}
  on conflict (id) do update set at = excluded.at, told = excluded.told`;

/**
 * Rows of `head` and `value`, from one text: a line of head, tab and JSON each, where neither holds a tab or a line break.
 * Very many rows come this way, and arrays or JSON of JSON would each be read twice more.
 */
const lines = (sql: Sql, rows: readonly (readonly [head: string, value: unknown])[]) => sql`(
  select split_part(line, E'\\t', 1) as head, split_part(line, E'\\t', 2) as value
  from string_to_table(${rows.map(([head, value]) => `${head}\t${JSON.stringify(value)}`).join("\n")}, E'\\n') as line
  where line <> '') as rows`;

export const deleteTold = (sql: Sql, ids: readonly string[]) =>
  sql`delete from alerting.told where id = any(${[...ids]})`;

export const listReceived = async (sql: Sql): Promise<RoutedAlert[]> =>
  (await sql<{ alert: RoutedAlert }[]>`select alert from alerting.received`).map(({ alert }) => alert);

/** All of them or none. */
export const putReceived = (sql: Sql, alerts: readonly RoutedAlert[]) => sql`
  insert into alerting.received (fingerprint, alert)
  select head, value::json
  from ${lines(
    sql,
    alerts.map((alert) => [alert.fingerprint, alert]),
  )}
  on conflict (fingerprint) do update set alert = excluded.alert`;

/** Only those that are over still: one may have been sent in anew meanwhile. */
export const deleteReceived = (sql: Sql, fingerprints: readonly string[], endedBefore: number) =>
  sql`delete from alerting.received where fingerprint = any(${[...fingerprints]})
    and (alert->>'endsAt')::float8 < ${endedBefore}`;

/** What routing keeps: each as above. PostgreSQL in the product; the simulator hands over a disk of its own. */
export interface RoutingStore {
  listRoutes(): PromiseLike<DeclaredRoute[]>;
  listSilences(): PromiseLike<Silence[]>;
  putSilence(silence: Silence): PromiseLike<unknown>;
  deleteSilencesBefore(endsAt: number): PromiseLike<unknown>;
  listTold(): PromiseLike<[string, Told][]>;
  putTold(entries: readonly (readonly [id: string, told: Told])[]): PromiseLike<unknown>;
  deleteTold(ids: readonly string[]): PromiseLike<unknown>;
  listReceived(): PromiseLike<RoutedAlert[]>;
  putReceived(alerts: readonly RoutedAlert[]): PromiseLike<unknown>;
  deleteReceived(fingerprints: readonly string[], endedBefore: number): PromiseLike<unknown>;
}

export const sqlRoutingStore = (sql: Sql): RoutingStore => ({
  listRoutes: () => listRoutes(sql),
  listSilences: () => listSilences(sql),
  putSilence: (silence) => putSilence(sql, silence),
  deleteSilencesBefore: (endsAt) => deleteSilencesBefore(sql, endsAt),
  listTold: () => listTold(sql),
  putTold: (entries) => putTold(sql, entries),
  deleteTold: (ids) => deleteTold(sql, ids),
  listReceived: () => listReceived(sql),
  putReceived: (alerts) => putReceived(sql, alerts),
  deleteReceived: (fingerprints, endedBefore) => deleteReceived(sql, fingerprints, endedBefore),
});
