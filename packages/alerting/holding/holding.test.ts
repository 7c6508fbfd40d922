import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownMaintenance } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { until } from "@havn/testkit";
import { parseMatcher } from "../routing/matchers.ts";
import { checked, context, openRoom, report, resource, steps } from "../testing.ts";

/** A room whose groups are told at once, one by one. */
async function openTold(sql: Sql, maintenance: KnownMaintenance[] = []) {
  const told: string[] = [];
  const room = await openRoom(sql, {
    maintenance: async () => maintenance,
    deliver: async (notifications) =>
      void told.push(
        ...notifications
          .flatMap(({ alerts }) => alerts)
          .map(({ labels, state }) => `${labels.alertname} ${labels.host ?? ""} ${state}`),
      ),
  });
  const alerting = await room.open();
  const declare = async (address: string, properties: Record<string, unknown>) => {
    const wanted = resource(address, properties);
    const { action, changes } = await alerting.executor.plan(wanted, undefined);
    await alerting.executor.apply(steps, { address, type: wanted.type, action, changes }, wanted, context);
  };
  await declare("shop/route/all", {
    receiver: "oncall",
    groupBy: ["..."],
    groupWait: "0s",
    groupInterval: "5m",
  });
  const post = (labels: Record<string, string>) =>
    alerting.routing.receive([
      { labels, annotations: {}, generatorUrl: "", endsAt: room.clock.now() + 86_400_000 },
    ]);
  const look = async (ms = 0) => {
    await alerting.settled();
    await room.clock.advance(ms);
    await alerting.routing.tick();
    return told.splice(0);
  };
  return { ...room, alerting, declare, post, look };
}

const unhealthy = (at: number, ...ids: string[]) =>
  report(at, {
    instances: ids.map((id) => ({
      ...{
        id,
        service: "shop",
        release: "r1",
        port: 1,
        health: "unhealthy" as const,
        since: at,
        restarts: 0,
      },
    })),
  });

test("maintenance holds alerts of rules, checks, agents, heartbeats and others alike, and ends", async () => {
  await using db = await testDatabase();
  let openUntil: number | undefined;
  const maintenance: KnownMaintenance[] = [
    {
      ...{ id: "m", environment: "shop", of: ["shop/host/web-1", "shop/check/nightly"], match: [] },
      ...{ reason: "new disk", actor: "user:ada", openUntil: () => openUntil },
    },
  ];
  const room = await openTold(db.sql, maintenance);
  const { alerting } = room;
  openUntil = room.clock.now() + 600_000;
  await alerting.heldChanged();
  await room.declare("shop/check/nightly", { probe: { kind: "heartbeat", every: "1m", grace: "1s" } });
  await room.declare("shop/check/tcp", { from: "web-1", probe: { kind: "tcp", host: "a", port: 1 } });
  alerting.hostLost("shop/host/web-1", "gone");
  alerting.checkResults("shop/host/web-1", [checked("shop/check/tcp", "critical", "refused")]);
  alerting.observe("shop/host/web-1", unhealthy(1, "shop-1"));
  await room.post({ alertname: "pushed", host: "web-1", env: "shop" });
  await room.post({ alertname: "foreign", host: "web-1" });
  await room.post({ alertname: "beside", host: "web-2", env: "shop" });
  await room.post({ alertname: "elsewhere", host: "web-1", env: "lab" });
  await room.clock.advance(62_000);
  await alerting.evaluate();
  // "lab" has no route.
  assert.deepEqual(await room.look(), ["beside web-2 firing"]);
  const held = alerting.withHolds(alerting.list()).filter((one) => one.held.length > 0);
  assert.deepEqual(
    held.map(({ rule, held: [hold] }) => [rule, hold?.kind, hold?.reason, hold?.until]).sort(),
    ["check nightly", "check tcp", "host lost", "instance not healthy"].map((rule) => [
      ...[rule, "maintenance", "maintenance of user:ada: new disk", openUntil],
    ]),
  );
  await until(async () => (await room.timeline.list({ kind: "alert.held" })).length >= 4, {
    what: "the timeline to know what is held",
  });
  openUntil = undefined;
  await alerting.heldChanged();
  // What lies behind the lost host is still no page of its own; whose host "foreign" means, nobody knows.
  assert.deepEqual((await room.look()).sort(), [
    ...["check nightly  firing", "foreign web-1 firing", "host lost web-1 firing"],
  ]);
});

test("a deploy holds its own instance's health, nothing else on the host, and not beyond its end", async () => {
  await using db = await testDatabase();
  const room = await openTold(db.sql);
  const { alerting } = room;
  await room.declare("shop/alert/errors", { expr: "errors > 1", summary: "errors", severity: "critical" });
  await room.declare("shop/alert/gone", { expr: "up == 0", summary: "gone", severity: "critical" });
  await alerting.expected.expect({
    ...{ id: "a1/shop/web-1", kind: "deploy", environment: "shop", forMs: 120_000 },
    ...{ about: { service: "shop", host: "web-1" }, reason: "deploy of release 7 of shop" },
  });
  const metric = (name: string, host: string, value: number) =>
    room.metrics.addSeries({
      labels: { __name__: name, env: "shop", host, service: "shop" },
      timestamps: Float64Array.of(room.clock.now()),
      values: Float64Array.of(value),
    });
  metric("up", "web-1", 0);
  metric("up", "web-2", 0);
  metric("errors", "web-1", 5);
  alerting.observe("shop/host/web-1", unhealthy(1, "shop-1"));
  alerting.observe("shop/host/web-2", unhealthy(1, "shop-2"));
  await room.post({ alertname: "disk", host: "web-1", env: "shop" });
  await alerting.evaluate();
  assert.deepEqual((await room.look()).sort(), [
    ...["disk web-1 firing", "errors web-1 firing", "gone web-2 firing", "instance not healthy web-2 firing"],
  ]);
  const [hold] = alerting.withHolds(alerting.list()).flatMap(({ held }) => held);
  assert.equal(hold?.reason, "deploy of release 7 of shop");
  // It went well: a short while more, in case its end is not seen yet; then it is told at once.
  await alerting.expected.over("a1/shop", { failed: false });
  assert.deepEqual(await room.look(20_000), []);
  assert.deepEqual((await room.look(11_000)).sort(), [
    ...["gone web-1 firing", "instance not healthy web-1 firing"],
  ]);
});

test("a deploy that fails pages at once; one that hangs pages at its deadline, also after a restart", async () => {
  await using db = await testDatabase();
  const room = await openTold(db.sql);
  const expected = {
    ...{ id: "a1/shop/web-1", kind: "deploy" as const, environment: "shop", forMs: 120_000 },
    ...{ about: { service: "shop", host: "web-1" }, reason: "deploy" },
  };
  await room.alerting.expected.expect(expected);
  room.alerting.observe("shop/host/web-1", unhealthy(1, "shop-1"));
  assert.deepEqual(await room.look(), []);
  await room.alerting.expected.over("a1/shop", { failed: true });
  assert.deepEqual(await room.look(), ["instance not healthy web-1 firing"]);
  await room.alerting.expected.expect({
    ...expected,
    id: "a2/shop/web-2",
    about: { service: "shop", host: "web-2" },
  });
  const second = await room.open({ deliver: async () => assert.fail("it is held") });
  second.observe("shop/host/web-2", unhealthy(1, "shop-2"));
  await second.settled();
  await room.clock.advance(119_000);
  await second.routing.tick();
  room.alerting.observe("shop/host/web-2", unhealthy(1, "shop-2"));
  assert.deepEqual(await room.look(2000), ["instance not healthy web-2 firing"]);
});

test("an apply that restarts a unit holds that unit's alerts only; a reboot all of its host's", async () => {
  await using db = await testDatabase();
  const room = await openTold(db.sql);
  const { alerting } = room;
  for (const unit of ["nginx", "cron"])
    await room.declare(`shop/check/${unit}`, { from: "web-1", probe: { kind: "unit", unit } });
  const common = { environment: "shop", forMs: 60_000 };
  await alerting.expected.expect({
    ...{ ...common, id: "a1/web-1/0", kind: "apply", reason: "apply on web-1" },
    about: { host: "web-1", units: ["nginx.service"] },
  });
  alerting.checkResults("shop/host/web-1", [
    checked("shop/check/nginx", "critical", "inactive"),
    checked("shop/check/cron", "critical", "inactive"),
  ]);
  await room.post({ alertname: "unit", host: "web-1", env: "shop", name: "nginx.service" });
  assert.deepEqual(await room.look(), ["check cron web-1 firing"]);
  await alerting.expected.expect({
    ...{ ...common, id: "a2/web-2/0", kind: "reboot", reason: "reboot of web-2", about: { host: "web-2" } },
  });
  alerting.hostLost("shop/host/web-2", "gone");
  alerting.hostLost("shop/host/web-3", "gone");
  assert.deepEqual(await room.look(), ["host lost web-3 firing"]);
  assert.deepEqual((await room.look(61_000)).sort(), [
    ...["check nginx web-1 firing", "host lost web-2 firing", "unit web-1 firing"],
  ]);
});

test("where a silence hides the dependency, what lies behind it is decided again", async () => {
  await using db = await testDatabase();
  const room = await openTold(db.sql);
  const { alerting } = room;
  await room.declare("shop/check/switch", { probe: { kind: "passive" } });
  await room.declare("shop/check/leaf", { probe: { kind: "passive" }, parents: ["switch"] });
  alerting.hostLost("shop/host/web-1", "gone");
  alerting.observe("shop/host/web-1", unhealthy(1, "shop-1"));
  for (const name of ["switch", "leaf"])
    for (let attempt = 0; attempt < 2; attempt++)
      await alerting.reportCheck(`shop/check/${name}`, { state: "critical", output: "down" });
  assert.deepEqual((await room.look()).sort(), ["check switch  firing", "host lost web-1 firing"]);
  const now = room.clock.now();
  for (const text of ['alertname="host lost"', 'check="switch"'])
    await alerting.routing.silences.put({
      ...{ matchers: [parseMatcher(text)], startsAt: now, endsAt: now + 600_000 },
      ...{ createdBy: "ada", comment: "known" },
    });
  assert.deepEqual((await room.look()).sort(), ["check leaf  firing", "instance not healthy web-1 firing"]);
});
