import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { onCluster } from "./cluster.ts";
import { openTestClickHouse, openTestCluster } from "./testing.ts";

const place = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
const cases: { statement: string; becomes: string[] }[] = [
  {
    statement: `
      -- What it is.
      CREATE TABLE IF NOT EXISTS samples
      (
          series_id UInt64 CODEC(ZSTD(1)),
          value Float64 COMMENT 'not an ENGINE'
      )
      ENGINE = ReplacingMergeTree
      ORDER BY series_id
      SETTINGS fsync_after_insert = 1`,
    becomes: [
      `CREATE TABLE IF NOT EXISTS samples_local ON CLUSTER 'c'
(
          series_id UInt64 CODEC(ZSTD(1)),
          value Float64 COMMENT 'not an ENGINE'
      )
ENGINE = ReplicatedReplacingMergeTree(${place})
ORDER BY series_id
      SETTINGS fsync_after_insert = 1`,
      `CREATE TABLE IF NOT EXISTS samples ON CLUSTER 'c' AS samples_local
ENGINE = Distributed('c', currentDatabase(), 'samples_local', series_id)`,
    ],
  },
  {
    statement: "CREATE TABLE b AS a\nENGINE = MergeTree\nORDER BY (series_id, timestamp)",
    becomes: [
      `CREATE TABLE b_local ON CLUSTER 'c'\nAS a_local\nENGINE = ReplicatedMergeTree(${place})\nORDER BY (series_id, timestamp)`,
      "CREATE TABLE b ON CLUSTER 'c' AS b_local\nENGINE = Distributed('c', currentDatabase(), 'b_local', series_id)",
    ],
  },
  {
    statement:
      "CREATE TABLE asked (name String, at DateTime('UTC')) ENGINE = ReplacingMergeTree(at) ORDER BY name",
    becomes: [
      `CREATE TABLE asked_local ON CLUSTER 'c'\n(name String, at DateTime('UTC'))\nENGINE = ReplicatedReplacingMergeTree(${place}, at)\nORDER BY name`,
      "CREATE TABLE asked ON CLUSTER 'c' AS asked_local\nENGINE = Distributed('c', currentDatabase(), 'asked_local', cityHash64(name))",
    ],
  },
  {
    statement: "ALTER TABLE logs MODIFY TTL toDate(Timestamp) + toIntervalDay(3)",
    becomes: ["ALTER TABLE logs_local ON CLUSTER 'c' MODIFY TTL toDate(Timestamp) + toIntervalDay(3)"],
  },
  {
    statement: "ALTER TABLE logs ADD COLUMN x UInt8",
    becomes: [
      "ALTER TABLE logs_local ON CLUSTER 'c' ADD COLUMN x UInt8",
      "ALTER TABLE logs ON CLUSTER 'c' ADD COLUMN x UInt8",
    ],
  },
  {
    statement: "DELETE FROM late WHERE hour = 1",
    becomes: ["DELETE FROM late_local ON CLUSTER 'c' WHERE hour = 1"],
  },
  { statement: "TRUNCATE TABLE rolled", becomes: ["TRUNCATE TABLE rolled_local ON CLUSTER 'c'"] },
  {
    statement: "DROP TABLE IF EXISTS x",
    becomes: ["DROP TABLE IF EXISTS x ON CLUSTER 'c'", "DROP TABLE IF EXISTS x_local ON CLUSTER 'c'"],
  },
  { statement: "INSERT INTO rolled SELECT 1", becomes: ["INSERT INTO rolled SELECT 1"] },
];
test("a statement for one server becomes those for a cluster, which ClickHouse can read", async () => {
  await using db = await openTestClickHouse();
  for (const { statement, becomes } of cases) {
    const made = onCluster(statement, "c");
    assert.deepEqual(made, becomes);
    for (const each of made) await db.clickhouse.query(`EXPLAIN AST ${each}`);
  }
  assert.throws(() => onCluster("CREATE MATERIALIZED VIEW v AS SELECT 1", "c"), /not known on a cluster/);
});

test("over an external server: segments go into tables of the cluster, are read, replaced and removed", async () => {
  await using db = await openTestCluster();
  const { clickhouse } = db;
  await clickhouse.execute(
    "CREATE TABLE t (series_id UInt64, v UInt64) ENGINE = ReplacingMergeTree ORDER BY series_id PARTITION BY series_id % 2",
  );
  const file = `${db.directory}/segment.bin`;
  await writeFile(file, new Uint8Array(new BigUint64Array([1n, 10n, 2n, 20n, 3n, 1n << 63n]).buffer));
  const columns = ["series_id", "v"].map((name) => ({ name, type: "UInt64" }));
  await clickhouse.insertSegment({ table: "t", columns, files: [file] });
  await clickhouse.insertSegment({
    ...{ table: "t", columns, files: [file] },
    onlyNew: { key: ["series_id"], where: "series_id < 100" },
  });
  await clickhouse.execute("INSERT INTO t SELECT 2, 21");
  await clickhouse.execute("DELETE FROM t WHERE series_id = 1");
  const all = () =>
    clickhouse.rows("SELECT toString(series_id) AS id, toString(v) AS v FROM t FINAL ORDER BY id");
  assert.deepEqual(await all(), [
    { id: "2", v: "21" },
    { id: "3", v: String(1n << 63n) },
  ]);
  const parts =
    "SELECT DISTINCT table, partition FROM system.parts WHERE active AND database = currentDatabase()";
  assert.deepEqual(await clickhouse.rows(`${parts} AND table = 't' ORDER BY partition`), [
    { table: "t", partition: "0" },
    { table: "t", partition: "1" },
  ]);
  await clickhouse.execute("ALTER TABLE t DROP PARTITION ID '0'");
  assert.deepEqual(await all(), [{ id: "3", v: String(1n << 63n) }]);
  await clickhouse.execute("DROP TABLE t");
  await assert.rejects(all(), { code: 60 });
});
