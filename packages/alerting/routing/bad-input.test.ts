import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import { virtualClock } from "@havn/testkit";
import { alertmanagerRoutes } from "./http.ts";
import { createRouting } from "./index.ts";
import type { RoutingStore } from "./store.ts";

/** A store that keeps what it is given as soon as `open` says so. */
async function openRouting(limits?: { alerts: number; atOnce: number }) {
  const kept = new Map<string, unknown>();
  const gate = { open: Promise.resolve() };
  const nothing = async () => {};
  const store: RoutingStore = {
    listRoutes: async () => [],
    listSilences: async () => [],
    listTold: async () => [],
    listReceived: async () => [],
    ...{ putSilence: nothing, deleteSilencesBefore: nothing, putTold: nothing, deleteTold: nothing },
    deleteReceived: nothing,
    async putReceived(alerts) {
      await gate.open;
      for (const alert of alerts) kept.set(alert.fingerprint, alert);
    },
  };
  const clock = virtualClock();
  const routing = await createRouting({
    ...{ store, clock, deliver: nothing, log: () => {} },
    ...(limits && { limits }),
  });
  const server = await createHttpServer({
    access: {
      authenticate: async () => ({ id: "1", actor: "user:cy", role: "admin", via: "token" }),
      decide: () => true,
      audit: nothing,
    },
    routes: alertmanagerRoutes({ routing, clock }),
  });
  const post = async (alerts: unknown) => {
    const { statusCode, headers, body } = await server.inject({
      ...{ method: "POST" as const, url: "/api/v2/alerts" },
      headers: { host: "127.0.0.1", "content-type": "application/json" },
      payload: Buffer.isBuffer(alerts) ? alerts : Buffer.from(JSON.stringify(alerts)),
    });
    return { status: statusCode, retryAfter: headers["retry-after"], body };
  };
  const names = () => routing.statuses().map(({ alert }) => alert.labels["alertname"]);
  return { kept, gate, routing, post, names, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const alert = (alertname: string, more: Record<string, string> = {}) => ({
  labels: { alertname, ...more },
});

test("an alert with a label of 10 MB is named and left out; the others of its batch are taken in", async () => {
  await using room = await openRouting();
  const { status, body } = await room.post([
    alert("one"),
    alert("large", { blob: "x".repeat(10_000_000) }),
    { labels: {} },
    alert("two"),
  ]);
  assert.equal(status, 400);
  assert.match(body, /alert 2 \(large\): blob has 10000000 characters; 16384 are the most/);
  assert.match(body, /alert 3 \(without a name\): it has no labels/);
  assert.deepEqual(room.names(), ["one", "two"]);
  assert.equal(room.kept.size, 2);
});

test("bytes that are no UTF-8 are stored as U+FFFD; NULs and halves of characters are refused, and named", async () => {
  await using room = await openRouting();
  // As a string, the test's own client would mend it.
  const bytes = [Buffer.from('[{"labels":{"alertname":"a'), Buffer.from([0xff]), Buffer.from('b"}}]')];
  assert.equal((await room.post(Buffer.concat(bytes))).status, 200);
  assert.deepEqual(room.routing.statuses()[0]?.alert.labels, { alertname: "a\ufffdb" });
  for (const odd of ["a\0b", "\ud800"]) {
    const { status, body } = await room.post([alert("fine"), alert("odd", { odd })]);
    assert.equal(status, 400);
    assert.match(body, /body\.1\.labels\.odd holds what no text may hold/);
  }
});

test("a million alerts in a minute: what is accepted is kept, what is more is refused and may come again", async () => {
  await using room = await openRouting({ alerts: 3000, atOnce: 1000 });
  const held = Promise.withResolvers<void>();
  room.gate.open = held.promise;
  const batch = (first: number, count: number) =>
    Array.from({ length: count }, (_, at) => alert("flood", { instance: String(first + at) }));
  // The disk is slow: no more than so many wait for it.
  const waiting = [0, 1, 2].map((at) => room.post(batch(at * 400, 400)));
  const refused = await waiting[2];
  assert.deepEqual([refused?.status, refused?.retryAfter], [429, "5"]);
  held.resolve();
  assert.deepEqual((await Promise.all(waiting)).map(({ status }) => status).toSorted(), [200, 200, 429]);
  assert.equal(room.kept.size, 800);

  let accepted = 800;
  for (let first = 10_000; first < 110_000; first += 500) {
    const { status } = await room.post(batch(first, 500));
    if (status === 200) accepted += 500;
    else assert.equal(status, 429);
  }
  assert.equal(accepted, 2800);
  assert.equal(room.kept.size, accepted);
  assert.equal(room.routing.statuses().length, accepted);
  // What is known may be told again, its end too.
  assert.equal((await room.post(batch(0, 400))).status, 200);
});
