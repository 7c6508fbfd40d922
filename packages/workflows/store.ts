import type { Sql } from "@havn/postgres";

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
  const json = result === undefined ? null : sql.json(result as Parameters<Sql["json"]>[0]);
  await sql`
    insert into workflows.step (workflow, name, result) values (${workflow}, ${name}, ${json})
    on conflict do nothing`;
}
