import type { Sql } from "@havn/postgres";

export interface MaintenanceRow {
  id: string;
  environment: string;
  /** Address; null: all hosts of the environment. */
  host: string | null;
  from: number;
  until: number;
  reason: string;
  actor: string;
}

const columns = (sql: Sql) =>
  sql`id, environment, host, from_at as "from", until_at as "until", reason, actor`;

/** The same id again changes nothing. */
export const insertMaintenance = (sql: Sql, row: MaintenanceRow) => sql`
  insert into fleet.maintenance (id, environment, host, from_at, until_at, reason, actor)
  values (${row.id}, ${row.environment}, ${row.host}, ${row.from}, ${row.until}, ${row.reason}, ${row.actor})
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
