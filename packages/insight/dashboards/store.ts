import type { DashboardProperties, DashboardVersion } from "@havn/model";
import type { Sql } from "@havn/postgres";

export interface DashboardKey {
  environment: string;
  name: string;
}

export interface DashboardRow extends DashboardKey {
  /** What the configuration says; null: nothing does. */
  declared: DashboardProperties | null;
  /** What the page made of it. */
  edited: DashboardProperties | null;
  /** What was declared when the edit began. */
  base: DashboardProperties | null;
  revision: number;
  changedBy: string;
  changedAt: number;
}

type Change = DashboardVersion["what"];
const json = (sql: Sql, value: unknown) =>
  value === null || value === undefined ? null : sql.json(value as Parameters<Sql["json"]>[0]);

export const listDashboards = (sql: Sql, environment: string | undefined) => sql<DashboardRow[]>`
  select environment, name, declared, edited, base, revision::float8, changed_by as "changedBy",
    changed_at::float8 as "changedAt"
  from insight.dashboard
  where true ${environment === undefined ? sql`` : sql`and environment = ${environment}`}
  order by environment, name`;

/** `lock`: nobody else changes it until the transaction ends. */
export const findDashboard = async (
  sql: Sql,
  { environment, name }: DashboardKey,
  lock = false,
): Promise<DashboardRow | undefined> =>
  (
    await sql<DashboardRow[]>`
      select environment, name, declared, edited, base, revision::float8, changed_by as "changedBy",
        changed_at::float8 as "changedAt"
      from insight.dashboard where environment = ${environment} and name = ${name}
      ${lock ? sql`for update` : sql``}`
  )[0];

/** Changes of one dashboard wait for each other, also of one that is not there yet. */
export const lockDashboard = ({ environment, name }: DashboardKey, sql: Sql) =>
  sql`select pg_advisory_xact_lock(hashtext('insight.dashboard'), hashtext(${`${environment}/${name}`}))`;

export const nextRevision = async (sql: Sql): Promise<number> =>
  (await sql<{ revision: number }[]>`select nextval('insight.dashboard_revision')::float8 as revision`)[0]
    ?.revision ?? 0;

export const putDashboard = (sql: Sql, row: DashboardRow) => sql`
  insert into insight.dashboard (environment, name, declared, edited, base, revision, changed_by, changed_at)
  values (${row.environment}, ${row.name}, ${json(sql, row.declared)}, ${json(sql, row.edited)}, ${json(sql, row.base)},
    ${row.revision}, ${row.changedBy}, ${row.changedAt})
  on conflict (environment, name) do update set declared = excluded.declared, edited = excluded.edited,
    base = excluded.base, revision = excluded.revision, changed_by = excluded.changed_by,
    changed_at = excluded.changed_at`;

export const deleteDashboard = (sql: Sql, { environment, name }: DashboardKey) =>
  sql`delete from insight.dashboard where environment = ${environment} and name = ${name}`;

export const addVersion = (
  sql: Sql,
  version: DashboardKey & { revision: number; at: number; actor: string; what: Change; content: unknown },
) => sql`
  insert into insight.dashboard_version (environment, name, revision, at, actor, what, content)
  values (${version.environment}, ${version.name}, ${version.revision}, ${version.at}, ${version.actor},
    ${version.what}, ${json(sql, version.content)})`;

export const listVersions = (sql: Sql, { environment, name }: DashboardKey, limit: number) => sql<
  DashboardVersion[]
>`
  select revision::float8, at::float8, actor, what from insight.dashboard_version
  where environment = ${environment} and name = ${name} order by revision desc limit ${limit}`;

export const findVersion = async (
  sql: Sql,
  { environment, name }: DashboardKey,
  revision: number,
): Promise<(DashboardVersion & { content: DashboardProperties | null }) | undefined> =>
  (
    await sql<(DashboardVersion & { content: DashboardProperties | null })[]>`
      select revision::float8, at::float8, actor, what, content from insight.dashboard_version
      where environment = ${environment} and name = ${name} and revision = ${revision}`
  )[0];

/** Of more than `most` the oldest go. One that can be brought back stays, also of what was made and removed many times. */
export const keepVersions = (sql: Sql, { environment, name }: DashboardKey, most: number) => sql`
  delete from insight.dashboard_version where environment = ${environment} and name = ${name}
    and revision <= (select revision from insight.dashboard_version
      where environment = ${environment} and name = ${name} order by revision desc offset ${most} limit 1)
    and revision < (select max(revision) from insight.dashboard_version
      where environment = ${environment} and name = ${name} and content is not null)`;

/** Old versions of what has newer ones go; the newest stays, so that what was removed can be brought back. */
export const pruneVersions = (sql: Sql, before: number) => sql`
  delete from insight.dashboard_version old where at < ${before}
    and exists (select from insight.dashboard_version newer where newer.environment = old.environment
      and newer.name = old.name and newer.revision > old.revision and newer.content is not null)`;
