import { readdir, readFile } from "node:fs/promises";
import type { ClickHouse } from "./index.ts";

/**
 * Runs a folder's `NNNN-title.sql` files that were not run yet, in order. ClickHouse has no transactions over
 * definitions: statements must be repeatable (IF NOT EXISTS), since a file that was cut short runs again.
 * Statements end with a semicolon at the end of a line.
 */
export async function migrate(clickhouse: ClickHouse, schema: string, directory: URL): Promise<void> {
  await clickhouse.execute(`
    CREATE TABLE IF NOT EXISTS migrations (schema String, name String, at DateTime DEFAULT now())
    ENGINE = ReplacingMergeTree ORDER BY (schema, name) SETTINGS fsync_after_insert = 1`);
  const done = await clickhouse.rows<{ name: string }>(
    "SELECT DISTINCT name FROM migrations WHERE schema = {schema:String}",
    { params: { schema } },
  );
  const names = new Set(done.map(({ name }) => name));
  for (const name of (await readdir(directory)).filter((file) => file.endsWith(".sql")).sort()) {
    if (names.has(name)) continue;
    const text = await readFile(new URL(name, directory), "utf8");
    for (const statement of text.split(/;\s*$/m))
      if (statement.trim() !== "") await clickhouse.execute(statement);
    await clickhouse.execute("INSERT INTO migrations (schema, name) SELECT {schema:String}, {name:String}", {
      params: { schema, name },
    });
  }
}
