import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { HavnError } from "@havn/model";
import { ClickHouseError, migrate, openClickHouse } from "./index.ts";
import { openTestClickHouse } from "./testing.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("parameters of every kind arrive as they were", async () => {
  await using db = await openTestClickHouse();
  const hard = "a'b\\c\td\ne{x:String} -- ☃ `\"";
  const [row] = await db.clickhouse.rows<Record<string, unknown>>(
    "SELECT {s:String} AS s, {n:UInt32} + 1 AS n, {a:Array(String)} AS a, '{s:String}' AS literal, {f:Float64} AS f",
    { params: { s: hard, n: 41, a: [hard, "", "]"], f: 0.5 } },
  );
  assert.deepEqual(row, { s: hard, n: 42, a: [hard, "", "]"], literal: "{s:String}", f: 0.5 });
  await assert.rejects(db.clickhouse.query("SELECT {gone:String}"), /gone/);
});

test("refusals carry ClickHouse's code", async () => {
  await using db = await openTestClickHouse();
  await assert.rejects(
    db.clickhouse.query("SELECT * FROM nowhere"),
    (error) => error instanceof ClickHouseError && error.code === 60 && !error.retryable,
  );
  await assert.rejects(
    db.clickhouse.query("SELEC 1"),
    (error) => error instanceof ClickHouseError && error.code === 62,
  );
});

test("a query beyond the memory limit is refused and the next one works", async () => {
  await using db = await openTestClickHouse();
  await assert.rejects(
    db.clickhouse.query("SELECT length(groupArray(number)) FROM numbers(1000000000)"),
    (error) => error instanceof ClickHouseError && error.code === 241 && error.retryable,
  );
  assert.equal(text(await db.clickhouse.query("SELECT 1")), "1\n");
});

test("an aborted query is stopped in the engine; others run beside it", async () => {
  await using db = await openTestClickHouse();
  const stopping = new AbortController();
  const endless = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))";
  const slow = Array.from({ length: 3 }, () => db.clickhouse.query(endless, { signal: stopping.signal }));
  for (const query of slow) query.catch(() => undefined);
  await db.clickhouse.execute("CREATE TABLE beside (a UInt64) ENGINE = MergeTree ORDER BY a");
  await db.clickhouse.execute("INSERT INTO beside SELECT 1");
  stopping.abort(new Error("enough"));
  for (const query of slow) await assert.rejects(query, /enough/);
  // All three readers are free again only if the engine stopped.
  assert.equal(text(await db.clickhouse.query("SELECT count() FROM beside")), "1\n");
});

test("segments are inserted whole, and only what is new when repeated", async () => {
  await using db = await openTestClickHouse();
  await db.clickhouse.execute("CREATE TABLE t (k UInt64, v UInt64) ENGINE = MergeTree ORDER BY k");
  const columns = [
    { name: "k", type: "UInt64" },
    { name: "v", type: "UInt64" },
  ];
  const files = [join(db.directory, "a'1.bin"), join(db.directory, "b.bin")];
  const [first, second] = files as [string, string];
  await writeFile(first, new Uint8Array(new BigUint64Array([1n, 10n, 2n, 20n]).buffer));
  await writeFile(second, new Uint8Array(new BigUint64Array([2n, 20n, 3n, 30n]).buffer));
  await db.clickhouse.insertSegment({ table: "t", columns, files: [first] });
  await db.clickhouse.insertSegment({
    table: "t",
    columns,
    files,
    onlyNew: { key: ["k"], where: "k < 100" },
  });
  await assert.rejects(
    db.clickhouse.insertSegment({ table: "t", columns, files: [first, "/tmp/nowhere.bin"] }),
  );
  assert.deepEqual(await db.clickhouse.rows("SELECT toUInt32(k) k, toUInt32(v) v FROM t ORDER BY k"), [
    { k: 1, v: 10 },
    { k: 2, v: 20 },
    { k: 3, v: 30 },
  ]);
});

test("migrations run once and a failed one runs again", async () => {
  await using db = await openTestClickHouse();
  const directory = join(db.directory, "migrations");
  await mkdir(directory);
  const url = pathToFileURL(`${directory}/`);
  await writeFile(
    join(directory, "0001-table.sql"),
    "CREATE TABLE m (a UInt64) ENGINE = MergeTree ORDER BY a;\nINSERT INTO m VALUES (1);\n",
  );
  await writeFile(join(directory, "0002-more.sql"), "INSERT INTO nowhere VALUES (2);");
  await assert.rejects(migrate(db.clickhouse, "test", url), ClickHouseError);
  await writeFile(join(directory, "0002-more.sql"), "INSERT INTO m VALUES (2);");
  await migrate(db.clickhouse, "test", url);
  await migrate(db.clickhouse, "test", url);
  assert.equal(
    text(await db.clickhouse.query("SELECT groupArray(a) FROM (SELECT a FROM m ORDER BY a)")),
    "[1,2]\n",
  );
});

test("a killed child is started again and what was written is there", async () => {
  await using db = await openTestClickHouse();
  await db.clickhouse.execute(
    "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1",
  );
  for (let round = 1; round <= 3; round++) {
    await db.clickhouse.execute(`INSERT INTO t SELECT ${round}`);
    process.kill(db.clickhouse.pid ?? 0, "SIGKILL");
    assert.equal(text(await db.clickhouse.query("SELECT count() FROM t")), `${round}\n`);
  }
  assert.equal(await db.clickhouse.healthy(), true);
  assert.equal((await stat(join(db.directory, "clickhouse/run"))).mode & 0o777, 0o700);
});

test("a data directory opens again at once after its parent was killed", async () => {
  const directory = await mkdtemp("/tmp/havn-test-clickhouse-");
  try {
    const script = `import { openClickHouse } from "@havn/clickhouse";
      const db = await openClickHouse({ dataDirectory: ${JSON.stringify(directory)} });
      console.log(db.pid); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(parent.stdout, "data");
    const dead = once(parent, "close");
    parent.kill("SIGKILL");
    await dead;
    await using db = await openClickHouse({ dataDirectory: directory });
    assert.equal(await db.healthy(), true);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("a data directory that cannot be used says so", async () => {
  const directory = await mkdtemp("/tmp/havn-test-clickhouse-");
  try {
    await using first = await openClickHouse({ dataDirectory: directory });
    assert.equal(await first.healthy(), true);
    await writeFile(join(directory, "file"), "");
    await assert.rejects(openClickHouse({ dataDirectory: join(directory, "file") }), (error) => {
      return error instanceof HavnError || (error as NodeJS.ErrnoException).code === "EEXIST";
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
