import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import type { Event, Resource } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { until, virtualClock } from "@havn/testkit";
import { createTimeline } from "@havn/timeline";
import { openWorkflows } from "@havn/workflows";
import { suspects } from "./incidents/suspects.ts";
import { createResponse } from "./index.ts";
import type { Message } from "./notifiers/index.ts";
import { withoutRunbooks } from "./testing/room.ts";

const resource = (type: string, name: string, properties: Record<string, unknown>): Resource => ({
  address: `shop/${type}/${name}`,
  ...{ type, name, properties, dependsOn: [] },
});
const person = (name: string) =>
  resource("contact", name, { ways: [{ via: { kind: "slack", url: "http://chat.test/" } }] });
const steps = { step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work() };
const change = { address: "", type: "", action: "create" as const, changes: [] };

test("who is on call, overrides and swaps over the API; channels are told; an unknown receiver is told of", async () => {
  await using db = await testDatabase();
  const clock = virtualClock(Date.parse("2026-01-12T12:00:00Z"));
  await using workflows = await openWorkflows({ sql: db.sql, postgresUrl: db.url, executorId: "test" });
  const timeline = await createTimeline({ sql: db.sql, clock });
  const sent: Message[] = [];
  const response = await createResponse({
    ...{ sql: db.sql, clock, workflows, timeline, answerKey: "key", ...withoutRunbooks },
    resolve: async (_environment, value) => value,
    publicUrl: () => "http://havn.test",
    send: async (_channel, message) => {
      sent.push(message);
      return "ok";
    },
  });
  await workflows.launch();
  const week = resource("schedule", "week", {
    zone: "Europe/Oslo",
    layers: [
      {
        ...{
          name: "week",
          people: ["ada", "bo"],
          start: "2026-01-05T09:00",
          every: { unit: "week", count: 1 },
        },
        windows: [{ start: "08:00", end: "20:00" }],
      },
    ],
    fallback: "cy",
  });
  const chat = resource("receiver", "chat", {
    channels: [{ kind: "slack", url: "http://chat.test/" }],
    sendResolved: false,
  });
  for (const one of [person("ada"), person("bo"), person("cy"), week, chat]) {
    const { action, warnings } = await response.executor.plan(one, undefined);
    assert.equal(action, "create");
    if (one === week)
      assert.deepEqual(warnings, [
        {
          summary:
            "Schedule week has nobody on call from 2026-01-12 20:00 (Europe/Oslo) on, until 2026-01-13 08:00 (Europe/Oslo)",
          detail:
            "Then, and 27 times more within four weeks, its fallback cy is asked. Give a layer no `until`, or add one for those hours.",
        },
      ]);
    await response.executor.apply(steps, change, one, {});
    const again = await response.executor.plan(one, undefined);
    assert.deepEqual(again, { action: "no-op", changes: [], ...(warnings && { warnings }) });
  }
  await assert.rejects(
    response.executor.plan(resource("contact", "mute", { ways: [] }), undefined),
    "nobody without a way to reach them",
  );
  await using server = await createHttpServer({
    access: {
      authenticate: async () => ({ id: "1", actor: "user:cy", role: "admin", via: "token" }),
      decide: () => true,
      audit: async () => {},
    },
    routes: response.routes,
  });
  const get = async (url: string) => (await server.inject({ method: "GET", url })).body;
  const onCall = async () => JSON.parse(await get("/api/v1/oncall")).schedules[0];
  const first = await onCall();
  assert.deepEqual([first.now.person, first.next.person], ["bo", "cy"]);
  assert.equal(first.gaps.length, 28);
  const override = (body: Record<string, unknown>) =>
    server.inject({
      ...{ method: "POST", url: "/api/v1/schedules/shop/week/overrides", payload: JSON.stringify(body) },
      headers: { "content-type": "application/json" },
    });
  const span = { from: clock.now() - 1000, to: clock.now() + 3_600_000 };
  assert.equal((await override({ ...span, person: "ghost" })).statusCode, 400);
  for (const to of [9e15, span.to + 0.5])
    assert.equal((await override({ ...span, to, person: "ada" })).statusCode, 400);
  assert.equal((await override({ ...span, person: "ada", out: "bo" })).statusCode, 200);
  assert.deepEqual((await onCall()).now.source, {
    kind: "swap",
    id: (await onCall()).now.source.id,
    out: "bo",
  });
  const { id } = JSON.parse((await override({ ...span, person: "cy" })).body);
  assert.deepEqual((await onCall()).now.source, { kind: "override", id });
  await server.inject({ method: "DELETE", url: `/api/v1/overrides/${id}` });
  assert.equal((await onCall()).now.person, "ada");
  assert.match(
    await get("/api/v1/schedules/shop/week/calendar.ics"),
    /DTSTART:20260112T110000Z|SUMMARY:ada on call/,
  );

  const told = (receiver: string, reason: string, state: "firing" | "resolved") => ({
    ...{
      id: `${receiver}-${reason}`,
      receiver: `shop/receiver/${receiver}`,
      group: "g",
      reason,
      at: clock.now(),
    },
    alerts: [{ state, labels: { alertname: "slow" }, annotations: { summary: "slow" }, startsAt: 0 }],
  });
  await response.deliver([told("chat", "first", "firing")]);
  await response.deliver([told("chat", "all resolved", "resolved")]);
  await response.deliver([told("nobody", "first", "firing")]);
  await until(() => sent.length > 0, { what: "the channel to be told" });
  assert.deepEqual(
    sent.map(({ subject }) => subject),
    ["critical: slow"],
  );
  const [unknown] = await timeline.list({ kind: "receiver.unknown" });
  assert.match(unknown?.summary ?? "", /nobody, which is not declared/);
  assert.deepEqual(JSON.parse(await get("/api/v1/incidents")).incidents, []);
});

test("suspects: what changed within the hour before, kind and nearness in time and place count", () => {
  const event = (id: number, kind: string, at: number, more: Partial<Event> = {}): Event => ({
    ...{ id, kind, at, severity: "info", summary: kind, data: {}, actor: "havn" },
    ...more,
  });
  const openedAt = 10_000_000;
  const found = suspects(
    [
      event(1, "apply.finished", openedAt - 4_000_000),
      event(2, "drift.found", openedAt - 600_000, { host: "shop/host/web-1" }),
      event(3, "release.created", openedAt - 600_000, { address: "shop/service/blog", actor: "user:ada" }),
      event(4, "alert.firing", openedAt - 1),
      event(5, "rollout.finished", openedAt + 1),
    ],
    { openedAt, alerts: [{ labels: { host: "web-1" } }] },
  );
  assert.deepEqual(
    found.map((one) => [one.event.id, one.evidence]),
    [
      [2, ["10 min before", "same place: web-1"]],
      [3, ["10 min before", "by user:ada"]],
    ],
  );
});
