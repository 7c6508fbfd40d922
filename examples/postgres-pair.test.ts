import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateGraph } from "havn";

test("the pair's configuration is sound: the copy comes after all that it needs, once, and no password is in it", async () => {
  const module = (await import("./postgres-pair/havn.config.ts")) as { default: unknown };
  const { graph, diagnostics } = evaluateGraph(module.default);
  assert.deepEqual(diagnostics, []);
  const find = (address: string) => graph.resources.find((one) => one.address === `postgres-pair/${address}`);
  const copy = find("script/db-2:copy the primary");
  assert.equal(copy?.properties.creates, "/var/lib/postgresql/15/main/standby.signal");
  for (const needed of [
    "postgres.role/db-1:replicator",
    "command/db-1:slot of db-2",
    "file/db-2:/var/lib/postgresql/.pgpass",
    "systemd.unit/db-2:postgresql@15-main.service",
  ])
    assert.ok(copy?.dependsOn.includes(`postgres-pair/${needed}`), needed);
  const secrets = JSON.stringify(graph).match(/"\$secret":"([^"]+)"/g) ?? [];
  assert.deepEqual([...new Set(secrets)].sort(), [
    '"$secret":"pair-monitor"',
    '"$secret":"pair-replicator"',
    '"$secret":"pair-shop"',
  ]);
  assert.deepEqual(find("block/db-1:/etc/postgresql/15/main/pg_hba.conf#pair")?.properties.content, {
    $text: ["host replication replicator ", { $host: "db-2", attribute: "address" }, "/32 scram-sha-256\n"],
  });
});
