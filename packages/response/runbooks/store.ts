import type { RunbookProperties, RunbookRun, RunbookStep } from "@havn/model";
import { jsonb, type Sql, type TransactionSql } from "@havn/postgres";

type Db = Sql | TransactionSql;

/** What started it, as far as its code is told. */
export interface StoredTrigger {
  alert?: { labels: Record<string, string>; summary: string; state: string } | undefined;
  with: Record<string, unknown>;
}

export interface RunRow extends RunbookRun {
  properties: RunbookProperties;
  trigger: StoredTrigger;
}

const runColumns = (
  sql: Db,
) => sql`id, environment, runbook, state, dry_run as "dryRun", started_by as "startedBy",
  incident, started_at as "startedAt", ended_at as "endedAt", error`;

/** False where there is one of that id already. */
export const insertRun = async (sql: Db, row: RunRow): Promise<boolean> =>
  (
    await sql`
      insert into response.runbook_run (id, environment, runbook, properties, trigger, state, dry_run, started_by, incident,
        started_at, ended_at, error)
      values (${row.id}, ${row.environment}, ${row.runbook}, ${jsonb(sql, row.properties)}, ${jsonb(sql, row.trigger)},
        ${row.state}, ${row.dryRun}, ${row.startedBy}, ${row.incident}, ${row.startedAt}, ${row.endedAt}, ${row.error})
      on conflict do nothing returning id`
  ).length > 0;

export const findRun = async (sql: Db, id: string): Promise<RunRow | undefined> =>
  (
    await sql<
      RunRow[]
    >`select ${runColumns(sql)}, properties, trigger from response.runbook_run where id = ${id}`
  )[0];

export const listRuns = (
  sql: Db,
  filter: {
    environment?: string | undefined;
    runbook?: string | undefined;
    incident?: number | undefined;
    limit: number;
  },
): Promise<RunbookRun[]> =>
  sql<RunbookRun[]>`select ${runColumns(sql)} from response.runbook_run
    where true ${filter.environment === undefined ? sql`` : sql`and environment = ${filter.environment}`}
      ${filter.runbook === undefined ? sql`` : sql`and runbook = ${filter.runbook}`}
      ${filter.incident === undefined ? sql`` : sql`and incident = ${filter.incident}`}
    order by started_at desc, id limit ${filter.limit}`;

/** Those that go on. */
export const listOpenRuns = async (sql: Db): Promise<string[]> =>
  (
    await sql<{ id: string }[]>`select id from response.runbook_run where state in ('running', 'waiting')`
  ).map(({ id }) => id);

/** When runs of it began that no person started and no guard held. */
export const listOwnStarts = async (
  sql: Db,
  { environment, runbook, after }: { environment: string; runbook: string; after: number },
): Promise<{ at: number; open: boolean }[]> =>
  sql<{ at: number; open: boolean }[]>`
    select started_at as at, ended_at is null as open from response.runbook_run
    where environment = ${environment} and runbook = ${runbook} and state <> 'held' and not dry_run
      and (ended_at is null or (started_at > ${after} and started_by not like 'user:%' and started_by not like 'token:%'))`;

export const setRunState = (sql: Db, id: string, state: "running" | "waiting") => sql`
  update response.runbook_run set state = ${state} where id = ${id} and ended_at is null`;

/** False where it had ended before. */
export const endRun = async (
  sql: Db,
  id: string,
  end: { state: RunbookRun["state"]; at: number; error: string | null },
): Promise<boolean> => {
  const ended = await sql`
    with ended as (
      update response.runbook_run set state = ${end.state}, ended_at = ${end.at}, error = ${end.error}
      where id = ${id} and ended_at is null returning id),
    -- Nobody is asked any more by what has ended.
    left_open as (
      update response.runbook_step set state = 'failed', ended_at = ${end.at}, outcome = 'the run ended before it'
      where run in (select id from ended) and state in ('running', 'waiting'))
    select id from ended`;
  return ended.length > 0;
};

export interface Question {
  text: string;
  choices: string[];
  until: number;
  /** The only ones who may answer; left out: whoever may answer runbooks. */
  people?: string[];
  answer?: string;
  by?: string;
  answeredAt?: number;
}
export interface StepRow extends Omit<RunbookStep, "question"> {
  question: Question | null;
}

const stepColumns = (
  sql: Db,
) => sql`name, kind, detail, state, started_at as "startedAt", ended_at as "endedAt",
  outcome, question`;

export const listSteps = (sql: Db, run: string): Promise<StepRow[]> =>
  sql<StepRow[]>`select ${stepColumns(sql)} from response.runbook_step where run = ${run} order by number`;

export const findStep = async (sql: Db, run: string, name: string): Promise<StepRow | undefined> =>
  (
    await sql<StepRow[]>`
      select ${stepColumns(sql)} from response.runbook_step where run = ${run} and name = ${name} for update`
  )[0];

/** When it began first. */
export const beginStep = async (
  sql: Db,
  run: string,
  step: Pick<StepRow, "name" | "kind" | "detail" | "state" | "startedAt" | "question">,
): Promise<number> => {
  const question = step.question && jsonb(sql, step.question);
  await sql`
    insert into response.runbook_step (run, name, number, kind, detail, state, started_at, question)
    values (${run}, ${step.name}, (select count(*) from response.runbook_step where run = ${run}), ${step.kind},
      ${step.detail}, ${step.state}, ${step.startedAt}, ${question})
    on conflict do nothing`;
  return (await findStep(sql, run, step.name))?.startedAt ?? step.startedAt;
};

export const endStep = (
  sql: Db,
  run: string,
  name: string,
  end: { state: "succeeded" | "failed"; at: number; outcome: string },
) => sql`
  update response.runbook_step set state = ${end.state}, ended_at = ${end.at}, outcome = ${end.outcome}
  where run = ${run} and name = ${name}`;

export const answerStep = (sql: Db, run: string, name: string, question: Question) => sql`
  update response.runbook_step set question = ${jsonb(sql, question)} where run = ${run} and name = ${name}`;

export const deleteRuns = (sql: Db, before: number) =>
  sql`delete from response.runbook_run where ended_at < ${before}`;
