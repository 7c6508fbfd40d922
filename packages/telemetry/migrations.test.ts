import assert from "node:assert/strict";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { migrate } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";

const folder = new URL("./migrations/", import.meta.url);

test("samples of before are read as they were, however often the migration of their table was begun", async () => {
  await using t = await openTestClickHouse();
  const { clickhouse } = t;
  const early = await mkdtemp(join(t.directory, "early-"));
  for (const name of await readdir(folder))
    if (name < "0005") await copyFile(new URL(name, folder), join(early, name));
  await migrate(clickhouse, "telemetry", pathToFileURL(`${early}/`));
  const values =
    "(1, 1000, 12.34), (1, 2000, 7), (1, 3000, 0.1 + 0.2), (1, 4000, nan), (1, 5000, -inf), (1, 6000, 1e300)";
  const insert = (column: string, series: number) =>
    clickhouse.execute(`INSERT INTO samples (series_id, timestamp, ${column})
      SELECT ${series}, fromUnixTimestamp64Milli(at * 1000), v FROM VALUES('s UInt64, at Int64, v Float64', ${values})`);
  // Now, so that no TTL takes them: the times themselves do not matter here.
  await clickhouse.execute("ALTER TABLE samples REMOVE TTL");
  await insert("value", 1);
  const read = (series: number) =>
    clickhouse.rows<{ bits: string }>(
      `SELECT hex(reinterpretAsUInt64(value)) AS bits FROM samples FINAL WHERE series_id = ${series} ORDER BY timestamp`,
    );
  const before = await read(1);
  assert.equal(before.length, 6);

  // Cut off after each statement in turn: what was done is not written down as done.
  const statements = async (name: string) =>
    (await readFile(new URL(name, folder), "utf8")).split(/;\s*$/m).filter((one) => one.trim() !== "");
  await clickhouse.execute((await statements("0005-samples-stored.sql"))[0] ?? "");
  const scaling = await statements("0006-samples-scaled.sql");
  await migrate(clickhouse, "telemetry", await without("0006", early));
  for (let done = 1; done <= scaling.length; done++)
    for (const statement of scaling.slice(0, done)) await clickhouse.execute(statement);
  await migrate(clickhouse, "telemetry", folder);
  await migrate(clickhouse, "telemetry", folder);
  assert.deepEqual(await read(1), before);
  await insert("given", 2);
  assert.deepEqual(await read(2), before, "what is written now reads the same, to the last bit");
  await rm(early, { recursive: true });
});

/** A folder with the migrations up to, and not with, one. */
async function without(number: string, directory: string): Promise<URL> {
  for (const name of await readdir(folder))
    if (name < number) await copyFile(new URL(name, folder), join(directory, name));
  return pathToFileURL(`${directory}/`);
}
