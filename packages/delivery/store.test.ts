import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { beginRollout, deleteRollouts, findLatestRollout, updateRollout } from "./store.ts";

test("old rollouts are forgotten, but for each service's latest and what still runs", async () => {
  await using db = await testDatabase();
  const { sql } = db;
  await migrate(sql, "delivery", new URL("./migrations/", import.meta.url));
  const rollout = async (service: string, at: number, isEnded = true) => {
    const id = `${service}-${at}`;
    const row = { id, service, release: "r", previous: null, state: "running" as const, detail: "" };
    await beginRollout(sql, { environment: "shop", service }, row, at);
    if (isEnded) await updateRollout(sql, id, { state: "finished", detail: "", endedAt: at });
  };
  for (const at of [1, 2, 300]) await rollout("shop", at);
  await rollout("shop", 3, false);
  await rollout("quiet", 1);
  await deleteRollouts(sql, 200);
  const left = await sql<{ id: string }[]>`select id from delivery.rollout order by id`;
  assert.deepEqual(
    left.map(({ id }) => id),
    ["quiet-1", "shop-3", "shop-300"],
  );
  assert.equal((await findLatestRollout(sql, { environment: "shop", service: "quiet" }))?.id, "quiet-1");
});
