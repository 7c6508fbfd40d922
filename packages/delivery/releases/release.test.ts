import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServiceProperties, serviceProperties } from "@havn/model";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { findRelease, insertRelease, listSealed, recordServing } from "../store.ts";
import { changedParts, releaseId, serviceDifferences } from "./release.ts";

const service = (overrides: Partial<ServiceProperties> = {}): ServiceProperties =>
  serviceProperties.parse({
    source: { path: "./app", digest: "1".repeat(64) },
    command: ["node", "server.js"],
    hosts: ["web-1"],
    port: 8080,
    env: {
      A: "1",
      DATABASE_URL: {
        $text: ["postgres://shop:", { $secret: "db" }, "@", { $host: "db-1", attribute: "address" }],
      },
    },
    ...overrides,
  });

test("a release is its content: where it runs, how it was written and where its folder lies make no other one", () => {
  const id = releaseId(service());
  assert.match(id, /^[0-9a-f]{64}$/);
  const reordered = service();
  reordered.env = Object.fromEntries(Object.entries(reordered.env).toReversed());
  for (const same of [
    reordered,
    service({ hosts: ["web-1", "web-2"] }),
    service({ startTimeout: "5m" }),
    service({ source: { path: "/elsewhere", digest: "1".repeat(64) } }),
  ])
    assert.equal(releaseId(same), id);
  for (const other of [
    service({ env: { A: "2" } }),
    service({ port: 8081 }),
    service({ metrics: "/metrics" }),
    service({ command: ["node", "other.js"] }),
    service({ source: { path: "./app", digest: "2".repeat(64) } }),
  ])
    assert.notEqual(releaseId(other), id);
});

test("differences are named as they are written, secrets only by name", () => {
  const before = service();
  const after = service({
    source: { path: "./app", digest: "2".repeat(64) },
    env: { A: "1", SESSION_KEY: { $secret: "session" } },
    health: { path: "/ready", interval: "1s", timeout: "2s" },
    hosts: ["web-1", "web-2"],
  });
  assert.deepEqual(serviceDifferences(before, after), [
    { property: "source", before: "111111111111", after: "222222222222" },
    { property: "hosts", before: ["web-1"], after: ["web-1", "web-2"] },
    { property: "env.DATABASE_URL", before: "postgres://shop:(secret db)@(address of db-1)" },
    { property: "health.path", before: "/healthz", after: "/ready" },
    { property: "env.SESSION_KEY", after: "(secret session)" },
  ]);
  assert.deepEqual(serviceDifferences(before, service()), []);
  assert.deepEqual(changedParts(before, after), ["source", "configuration"]);
  assert.deepEqual(changedParts(before, service({ port: 9 })), ["configuration"]);
  assert.deepEqual(changedParts(before, service({ hosts: ["a"] })), []);
});

test("releases are numbered without gap or twin, and rollbacks go one back at a time", async () => {
  await using db = await testDatabase();
  await migrate(db.sql, "delivery", new URL("../migrations/", import.meta.url));
  const key = { environment: "shop", service: "shop" };
  const resource = {
    address: "shop/service/shop",
    type: "service",
    name: "shop",
    properties: { env: { KEY: { $text: ["k:", { $secret: "key.age", sealed: "5".repeat(32) }] } } },
    dependsOn: [],
  };
  const insert = (id: string) =>
    insertRelease(db.sql, key, {
      id,
      sourceDigest: "s",
      resource,
      changed: [],
      actor: "user:test",
      createdAt: 1,
    });
  const rows = await Promise.all(["a", "b", "a", "c", "b"].map(insert));
  assert.deepEqual([...new Set(rows.map(({ number }) => number))].toSorted(), [1, 2, 3]);
  assert.equal(rows[0]?.number, rows[2]?.number);
  assert.deepEqual(await listSealed(db.sql), ["5".repeat(32)]);

  const serve = (release: string) =>
    recordServing(
      db.sql,
      { environment: "shop", name: "shop", address: resource.address, release, resource },
      5,
    );
  const follows = async (id: string) => (await findRelease(db.sql, key, id))?.follows;
  await serve("a");
  await serve("b");
  await serve("c");
  assert.deepEqual([await follows("a"), await follows("b"), await follows("c")], [null, "a", "b"]);
  await serve("b"); // a rollback
  assert.equal(await follows("b"), "a");
  await serve("c"); // deployed once more
  assert.equal(await follows("c"), "b");
});
