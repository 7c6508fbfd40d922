import type { Sql } from "@havn/postgres";
import type { KeptExpected } from "./mutes.ts";

const json = (sql: Sql, value: unknown) => sql.json(value as Parameters<Sql["json"]>[0]);

export const listExpected = async (sql: Sql): Promise<KeptExpected[]> =>
  (await sql<{ expected: KeptExpected }[]>`select expected from alerting.expected`).map(
    ({ expected }) => expected,
  );

export const putExpected = (sql: Sql, one: KeptExpected) => sql`
  insert into alerting.expected (id, until_at, expected) values (${one.id}, ${one.until}, ${json(sql, one)})
  on conflict (id) do update set until_at = excluded.until_at, expected = excluded.expected`;

export const deleteExpectedBefore = (sql: Sql, at: number) =>
  sql`delete from alerting.expected where until_at < ${at}`;
