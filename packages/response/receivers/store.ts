import type { ReceiverTest } from "@havn/model";
import { jsonb, type Sql } from "@havn/postgres";

type Kept = ReceiverTest & { receiver: string };

/** How many of each receiver are kept and shown. */
const kept = 5;

export const insertTest = async (sql: Sql, one: Kept): Promise<void> => {
  await sql`
    insert into response.receiver_test (id, receiver, at, by, subject, text, attempts)
    values (${one.id}, ${one.receiver}, ${one.at}, ${one.by}, ${one.subject}, ${one.text}, ${jsonb(sql, one.attempts)})`;
  await sql`
    delete from response.receiver_test where receiver = ${one.receiver} and id not in (
      select id from response.receiver_test where receiver = ${one.receiver} order by at desc, id limit ${kept})`;
};

/** Newest first. */
export const listTests = (sql: Sql, receivers: readonly string[]): Promise<Kept[]> =>
  sql<Kept[]>`
    select id, receiver, at, by, subject, text, attempts from response.receiver_test
    where receiver = any(${[...receivers]}) order by at desc, id`;
