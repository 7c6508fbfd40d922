import type { MaintenanceProperties, MaintenanceWindow } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";

export interface MaintenanceRow {
  id: string;
  environment: string;
  /** Address; null: all hosts of the environment. */
  host: string | null;
  from: number;
  until: number;
  reason: string;
  actor: string;
  /** When it comes again and again; null: it is once. */
  recurring: MaintenanceWindow | null;
  /** Matchers of alerts: only those are held, and agents mend as ever. Empty: all of it. */
  match: string[];
}

const columns = (sql: Sql) =>
  sql`id, environment, host, from_at as "from", until_at as "until", reason, actor, recurring, match`;

/** The same id again changes nothing. */
export const insertMaintenance = (sql: Sql, row: MaintenanceRow) => sql`
  insert into fleet.maintenance (id, environment, host, from_at, until_at, reason, actor, recurring, match)
  values (${row.id}, ${row.environment}, ${row.host}, ${row.from}, ${row.until}, ${row.reason}, ${row.actor},
    ${row.recurring === null ? null : jsonb(sql, row.recurring)}, ${jsonb(sql, row.match)})
  on conflict (id) do nothing`;

/** Those that are not over at `at`, the one that ends first in front. */
export const listMaintenance = (sql: Sql, at: number): Promise<MaintenanceRow[]> =>
  sql<MaintenanceRow[]>`
    select ${columns(sql)} from fleet.maintenance where until_at > ${at} order by until_at, id`;

export const findMaintenance = async (sql: Sql, id: string): Promise<MaintenanceRow | undefined> =>
  (await sql<MaintenanceRow[]>`select ${columns(sql)} from fleet.maintenance where id = ${id}`)[0];

/** It ends at `at`, unless it has ended before. */
export const endMaintenance = (sql: Sql, id: string, at: number) =>
  sql`update fleet.maintenance set until_at = ${at} where id = ${id} and until_at > ${at}`;

/** Those that are over and of whose end nobody was told. */
export const listEnded = (sql: Sql, at: number): Promise<MaintenanceRow[]> =>
  sql<MaintenanceRow[]>`
    select ${columns(sql)} from fleet.maintenance where until_at <= ${at} and not end_told order by until_at, id`;

export const markEndTold = (sql: Sql, id: string) =>
  sql`update fleet.maintenance set end_told = true where id = ${id}`;

export const deleteOldMaintenance = (sql: Sql, before: number) =>
  sql`delete from fleet.maintenance where until_at < ${before} and end_told`;

export interface DeclaredMaintenance {
  address: string;
  environment: string;
  name: string;
  properties: MaintenanceProperties;
}

export const listDeclaredMaintenance = (sql: Sql): Promise<DeclaredMaintenance[]> =>
  sql<DeclaredMaintenance[]>`
    select address, environment, name, properties from fleet.declared_maintenance order by address`;

export const putDeclaredMaintenance = (sql: Sql, one: DeclaredMaintenance) => sql`
  insert into fleet.declared_maintenance (address, environment, name, properties)
  values (${one.address}, ${one.environment}, ${one.name}, ${jsonb(sql, one.properties)})
  on conflict (address) do update set properties = excluded.properties`;

export const deleteDeclaredMaintenance = (sql: Sql, address: string) =>
  sql`delete from fleet.declared_maintenance where address = ${address}`;

/** A window that was told to be open. */
export interface Opening {
  key: string;
  environment: string;
  host: string | null;
  from: number;
  until: number;
  /** What is told when it closes. */
  title: string;
}

export const listOpenings = (sql: Sql): Promise<Opening[]> =>
  sql<Opening[]>`
    select key, environment, host, from_at as "from", until_at as "until", title
    from fleet.maintenance_opening order by from_at, key`;

export const putOpening = (sql: Sql, one: Opening) => sql`
  insert into fleet.maintenance_opening (key, environment, host, from_at, until_at, title)
  values (${one.key}, ${one.environment}, ${one.host}, ${one.from}, ${one.until}, ${one.title})
  on conflict do nothing`;

export const deleteOpening = (sql: Sql, { key, from }: Pick<Opening, "key" | "from">) =>
  sql`delete from fleet.maintenance_opening where key = ${key} and from_at = ${from}`;
