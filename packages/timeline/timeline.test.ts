import assert from "node:assert/strict";
import { test } from "node:test";
import { type Event, systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { createTimeline } from "./index.ts";

test("a key counts once, listeners hear each entry once, filters find it", async () => {
  await using db = await testDatabase();
  const timeline = await createTimeline({
    sql: db.sql,
    clock: { ...systemClock, now: () => 1_700_000_000_000 },
  });
  const heard: Event[] = [];
  timeline.subscribe((event) => heard.push(event));
  await timeline.write({
    kind: "alert.firing",
    summary: "down",
    environment: "shop",
    host: "shop/host/web-1",
    key: "a",
  });
  await timeline.write({ kind: "alert.firing", summary: "down again", environment: "shop", key: "a" });
  await timeline.write({
    kind: "apply.started",
    summary: "apply",
    environment: "shop",
    data: { plan: "p1" },
  });
  await timeline.write({ kind: "alerting", summary: "another noun", environment: "hello" });

  assert.deepEqual(
    heard.map((event) => event.summary),
    ["down", "apply", "another noun"],
  );
  const [first] = heard;
  assert.ok(first);
  assert.deepEqual(first, {
    id: first.id,
    at: 1_700_000_000_000,
    environment: "shop",
    host: "shop/host/web-1",
    kind: "alert.firing",
    severity: "info",
    summary: "down",
    data: {},
    actor: "havn",
  });
  const summaries = async (filter: Parameters<typeof timeline.list>[0]) =>
    (await timeline.list(filter)).map((event) => event.summary);
  assert.deepEqual(await summaries({ environment: "shop" }), ["apply", "down"]);
  assert.deepEqual(await summaries({ kind: "alert" }), ["down"]);
  assert.deepEqual(await summaries({ after: first.id }), ["apply", "another noun"]);
  const last = heard.at(-1);
  assert.ok(last);
  assert.deepEqual(await summaries({ before: last.id, limit: 1 }), ["apply"]);
});

test("entries are kept for 400 days", async () => {
  await using db = await testDatabase();
  const day = 86_400_000;
  const timeline = await createTimeline({ sql: db.sql, clock: { ...systemClock, now: () => 1000 * day } });
  for (const at of [599, 601, 1000]) await timeline.write({ kind: "k.k", summary: String(at), at: at * day });
  await timeline.prune();
  assert.deepEqual(
    (await timeline.list({})).map(({ summary }) => summary),
    ["1000", "601"],
  );
});
