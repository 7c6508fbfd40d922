import { jsonb, type Sql } from "@havn/postgres";

export async function findStep(
  sql: Sql,
  workflow: string,
  name: string,
): Promise<{ result: unknown } | undefined> {
  const rows = await sql<{ result: unknown }[]>`
    select result from workflows.step where workflow = ${workflow} and name = ${name}`;
  return rows[0];
}

/** The first result stays: a step that ran twice gives what it gave first. */
export async function recordStep(sql: Sql, workflow: string, name: string, result: unknown): Promise<void> {
  const json = result === undefined ? null : jsonb(sql, result);
  await sql`
    insert into workflows.step (workflow, name, result) values (${workflow}, ${name}, ${json})
    on conflict do nothing`;
}

/** Workflows that ended before a time, a batch of the oldest. The table is DBOS' own; deleting is left to it. */
export async function listEndedWorkflows(sql: Sql, before: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select workflow_uuid as id from dbos.workflow_status
    where status not in ('PENDING', 'ENQUEUED', 'DELAYED') and updated_at < ${before}
    order by updated_at limit 1000`;
  return rows.map(({ id }) => id);
}

export const deleteStepsWithoutWorkflow = (sql: Sql, before: number) => sql`
  delete from workflows.step where ended_at < to_timestamp(${before}::float8 / 1000)
    and not exists (select 1 from dbos.workflow_status where workflow_uuid = workflow)`;
