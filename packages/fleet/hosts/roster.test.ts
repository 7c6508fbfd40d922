import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { putMachine } from "../store.ts";
import { openRoster } from "./roster.ts";

test("what was written before a refresh is there after it, however many overlap", async () => {
  await using db = await testDatabase();
  await migrate(db.sql, "fleet", new URL("../migrations/", import.meta.url));
  const roster = await openRoster(db.sql);
  const add = async (n: number) => {
    const name = `m-${n}`;
    const address = `shop/machine/${name}`;
    const spec = { provider: "nspawn", image: "debian-12" } as const;
    await putMachine(db.sql, { address, environment: "shop", name, spec });
    await roster.refresh();
    assert.ok(roster.machine(address), `${address} is missing after its refresh`);
  };
  await Promise.all(Array.from({ length: 60 }, (_, n) => add(n)));
  assert.equal(roster.machines().length, 60);
});
