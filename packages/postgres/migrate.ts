import { readdir, readFile } from "node:fs/promises";
import { HavnError } from "@havn/model";
import type { Sql } from "./index.ts";

/**
 * Brings `schema` up to date: runs the files `NNNN-title.sql` of `directory` that have not run yet, in order, in one
 * transaction. Servers that start at once wait for each other. A file that has run must not change: that is an error.
 * The search path is the schema while a file runs, so files name their tables plainly.
 */
export async function migrate(sql: Sql, schema: string, directory: URL): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}-.+\.sql$/.test(name)).sort();
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      text: await readFile(new URL(name, `${directory.href.replace(/\/?$/, "/")}`), "utf8"),
    })),
  );
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(hashtext('havn.migrate'))`;
    await transaction.unsafe(`create schema if not exists ${schema};
      create table if not exists ${schema}.migration (name text primary key, text text not null, at timestamptz not null default now())`);
    const rows = await transaction.unsafe<{ name: string; text: string }[]>(
      `select name, text from ${schema}.migration`,
    );
    const done = new Map(rows.map((row) => [row.name, row.text]));
    await transaction.unsafe(`set local search_path to ${schema}`);
    for (const { name, text } of files) {
      const before = done.get(name);
      if (before === text) continue;
      if (before !== undefined)
        throw new HavnError(`Migration ${schema}/${name} has run and was changed since`, {
          detail: "Undo the change and write a new numbered file instead.",
        });
      await transaction.unsafe(text);
      await transaction.unsafe(`insert into ${schema}.migration (name, text) values ($1, $2)`, [name, text]);
    }
  });
}
