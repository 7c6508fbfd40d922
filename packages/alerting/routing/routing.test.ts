import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteProperties } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { context, openRoom, resource, steps } from "../testing.ts";
import type { Notification } from "./groups.ts";
import { covers, intervalFault, type TimeInterval } from "./intervals.ts";
import { matches, parseMatcher } from "./matchers.ts";
import { type RouteNode, routesOf } from "./tree.ts";

const host = "shop/host/web-1";
const short = (notification: Notification) =>
  `${notification.receiver.split("/").at(-1)} ${notification.reason}: ${notification.alerts
    .map(({ labels, state }) => `${labels.alertname} ${state}`)
    .join(", ")}`;

async function routed(
  sql: Parameters<typeof openRoom>[0],
  properties: RouteProperties,
  more: Parameters<typeof openRoom>[1] = {},
) {
  const told: Notification[] = [];
  let failing = false;
  const room = await openRoom(sql, {
    deliver: async (notifications) => {
      if (failing) throw new Error("away");
      told.push(...notifications);
    },
    ...more,
  });
  const open = async () => {
    const alerting = await room.open();
    const wanted = resource("shop/route/pages", { ...properties });
    const { action, changes } = await alerting.executor.plan(wanted, undefined);
    const change = { address: wanted.address, type: "route", action, changes };
    await alerting.executor.apply(steps, change, wanted, context);
    return alerting;
  };
  return {
    ...room,
    open,
    told: () => told.map(short),
    notifications: told,
    fail: (on: boolean) => (failing = on),
  };
}

test("matchers are read as Alertmanager writes them", () => {
  const holds = (text: string, labels: Record<string, string>) => matches(parseMatcher(text), labels);
  assert.ok(holds('severity="critical"', { severity: "critical" }));
  assert.ok(holds("severity=critical", { severity: "critical" }));
  assert.ok(holds('a=~"x|y"', { a: "y" }) && !holds('a=~"x|y"', { a: "xy" }));
  assert.ok(holds('a!=""', { a: "1" }) && !holds('a!=""', {}));
  assert.ok(holds('a!~"b.*"', { a: "ab" }) && holds('a="say \\"hi\\""', { a: 'say "hi"' }));
  for (const wrong of ["severity", '="x"', 'a="x', 'a=~"("', "1a=b"])
    assert.throws(() => parseMatcher(wrong), wrong);
});

test("routes are taken depth first, siblings only on request, groups by inherited labels", () => {
  const of = (text: string) => [parseMatcher(text)];
  const tree: RouteNode = {
    receiver: "all",
    groupBy: ["alertname"],
    routes: [
      {
        matchers: of("team=web"),
        receiver: "web",
        continue: true,
        routes: [{ matchers: of("severity=critical"), receiver: "web-page" }],
      },
      { matchers: of("severity=critical"), receiver: "page", groupBy: ["..."], groupWait: 1 },
      { matchers: of("severity=critical"), receiver: "never" },
    ],
  };
  const taken = (labels: Record<string, string>) => routesOf(tree, labels).map(({ receiver }) => receiver);
  assert.deepEqual(taken({}), ["all"]);
  assert.deepEqual(taken({ team: "web" }), ["web"]);
  assert.deepEqual(taken({ team: "web", severity: "critical" }), ["web-page", "page"]);
  assert.deepEqual(taken({ severity: "critical" }), ["page"]);
  const [page] = routesOf(tree, { severity: "critical" });
  assert.deepEqual([page?.groupBy, page?.groupWait, page?.groupInterval], [["..."], 1, 300_000]);
});

test("time intervals hold in wall time, over the shift of the clocks too", () => {
  const at = (text: string) => Date.parse(text);
  const cases: [TimeInterval, string, boolean][] = [
    [{}, "2026-01-01T00:00:00Z", true],
    [{ times: [{ start: "09:00", end: "17:00" }], zone: "Europe/Oslo" }, "2026-01-05T08:00:00Z", true],
    [{ times: [{ start: "09:00", end: "17:00" }], zone: "Europe/Oslo" }, "2026-07-06T07:00:00Z", true],
    [{ times: [{ start: "09:00", end: "17:00" }], zone: "Europe/Oslo" }, "2026-07-06T15:00:00Z", false],
    [{ times: [{ start: "22:00", end: "24:00" }] }, "2026-07-06T23:59:00Z", true],
    [{ weekdays: ["monday:friday"] }, "2026-11-22T12:00:00Z", false],
    [{ weekdays: ["saturday", "sunday"] }, "2026-11-22T12:00:00Z", true],
    [{ daysOfMonth: ["-1"] }, "2028-02-29T12:00:00Z", true],
    [{ daysOfMonth: ["-3:-1"] }, "2026-02-25T12:00:00Z", false],
    [{ daysOfMonth: ["31"] }, "2026-06-30T12:00:00Z", false],
    [{ months: ["june:august", "12"] }, "2026-12-01T00:00:00Z", true],
    [{ years: ["2027:2030"] }, "2026-12-01T00:00:00Z", false],
  ];
  for (const [interval, when, expected] of cases)
    assert.equal(covers(interval, at(when)), expected, `${JSON.stringify(interval)} at ${when}`);
  for (const wrong of [
    { times: [{ start: "17:00", end: "09:00" }] },
    { times: [{ start: "25:00", end: "26:00" }] },
    { weekdays: ["mon"] },
    { months: ["13"] },
    { zone: "Mars/Olympus" },
  ])
    assert.ok(intervalFault(wrong), JSON.stringify(wrong));
});

test("a group waits for company, tells changes after its interval, and repeats", async () => {
  await using db = await testDatabase();
  const room = await routed(db.sql, {
    receiver: "oncall",
    groupBy: ["env"],
    groupWait: "10s",
    groupInterval: "1m",
    repeatInterval: "1h",
  });
  const { routing } = await room.open();
  const post = (alertname: string, endsAt?: number) =>
    routing.receive([
      { labels: { alertname, env: "shop" }, annotations: {}, generatorUrl: "", startsAt: 1, endsAt },
    ]);
  const far = room.clock.now() + 86_400_000;
  await routing.receive([
    { labels: { alertname: "a", env: "shop" }, annotations: {}, generatorUrl: "", endsAt: far },
  ]);
  await routing.receive([
    { labels: { alertname: "b", env: "shop" }, annotations: {}, generatorUrl: "", endsAt: far },
  ]);
  const pass = async (ms: number) => {
    await room.clock.advance(ms);
    await routing.tick();
  };
  await pass(9999);
  assert.deepEqual(room.told(), []);
  await pass(1);
  assert.deepEqual(room.told(), ["oncall first: a firing, b firing"]);
  await post("c", far);
  await pass(30_000);
  assert.equal(room.told().length, 1);
  await pass(30_000);
  assert.equal(room.told().at(-1), "oncall more firing: a firing, b firing, c firing");
  await post("b", room.clock.now());
  await pass(60_000);
  assert.equal(room.told().at(-1), "oncall some resolved: a firing, b resolved, c firing");
  for (let minute = 0; minute < 60; minute++) await pass(60_000);
  assert.equal(room.told().length, 3);
  await pass(60_000);
  assert.equal(room.told().at(-1), "oncall repeat: a firing, c firing");
  await post("a", room.clock.now());
  await post("c", room.clock.now());
  await pass(60_000);
  assert.equal(room.told().at(-1), "oncall all resolved: a resolved, c resolved");
  await pass(3_600_000);
  assert.equal(room.told().length, 5);
});

test("one dead machine is one page: what is on a lost host is shown, not told", async () => {
  await using db = await testDatabase();
  const room = await routed(db.sql, {
    receiver: "oncall",
    groupBy: ["..."],
    groupWait: "1s",
    groupInterval: "1s",
  });
  const alerting = await room.open();
  await alerting.agentEvent(host, {
    key: "k",
    kind: "instance.exited",
    at: 1,
    address: "shop/service/shop",
    summary: "shop was killed",
    severity: "error",
    data: { instance: "shop-web-1-3f2a9c10" },
  });
  alerting.hostLost(host, "no heartbeat");
  await alerting.settled();
  await room.clock.advance(1000);
  await alerting.routing.tick();
  assert.deepEqual(room.told(), ["oncall first: host lost firing"]);
  const held = alerting.routing.statuses().find(({ alert }) => alert.labels.alertname !== "host lost");
  assert.deepEqual(
    held?.heldBy.map(({ kind, reason }) => [kind, reason]),
    [["behind", "behind host web-1"]],
  );
  alerting.hostConnected(host);
  await alerting.settled();
  await room.clock.advance(1000);
  await alerting.routing.tick();
  assert.deepEqual(room.told().slice(1).sort(), [
    "oncall all resolved: host lost resolved",
    "oncall first: instance not healthy firing",
  ]);
});

test("a service that is short only because of a lost host is that host's trouble", async () => {
  await using db = await testDatabase();
  let missingOn = ["web-1"];
  const services = () => [
    { address: "shop/service/shop", wanted: 3, healthy: 3 - missingOn.length, missingOn },
  ];
  const room = await routed(
    db.sql,
    { receiver: "oncall", groupWait: "0s", groupInterval: "1s" },
    { services },
  );
  const alerting = await room.open();
  alerting.hostLost(host, "no heartbeat");
  await alerting.evaluate();
  await room.clock.advance(15_000);
  await alerting.evaluate();
  await alerting.routing.tick();
  assert.deepEqual(room.told(), ["oncall first: host lost firing"]);
  // Another host's instance is missing too: that is more than the lost host explains.
  missingOn = ["web-1", "web-2"];
  await alerting.evaluate();
  await room.clock.advance(15_000);
  await alerting.evaluate();
  await room.clock.advance(1000);
  await alerting.routing.tick();
  assert.equal(room.told().at(-1), "oncall first: service below wanted instances firing");
});

test("a silence mutes while it is active, and mute times while they hold", async () => {
  await using db = await testDatabase();
  const room = await routed(db.sql, {
    receiver: "oncall",
    groupWait: "0s",
    groupInterval: "1s",
    routes: [
      { match: ['env=""'], receiver: "night", muteIn: [{ times: [{ start: "00:00", end: "00:10" }] }] },
    ],
  });
  const { routing } = await room.open();
  const now = room.clock.now();
  const silence = { matchers: [parseMatcher("alertname=a")], createdBy: "ada", comment: "on it" };
  await assert.rejects(routing.silences.put({ ...silence, startsAt: now, endsAt: now }));
  await assert.rejects(
    routing.silences.put({ ...silence, matchers: [parseMatcher('x=~".*"')], startsAt: now, endsAt: now + 1 }),
  );
  const { id } = await routing.silences.put({ ...silence, startsAt: now, endsAt: now + 600_000 });
  const common = { annotations: {}, generatorUrl: "", endsAt: now + 86_400_000 };
  await routing.receive([
    { labels: { alertname: "a", env: "shop" }, ...common },
    { labels: { alertname: "n" }, ...common },
  ]);
  await routing.tick();
  assert.deepEqual(room.told(), []);
  assert.deepEqual(routing.statuses().find(({ alert }) => alert.labels.env)?.silencedBy, [id]);
  await routing.silences.expire(id);
  await room.clock.advance(1000);
  await routing.tick();
  assert.deepEqual(room.told(), ["oncall first: a firing"]);
  await room.clock.advance(600_000);
  await routing.tick();
  assert.deepEqual(room.told(), ["oncall first: a firing", "night first: n firing"]);
});

test("a restart tells nothing twice and loses nothing; a receiver that fails is told later under the same id", async () => {
  await using db = await testDatabase();
  const room = await routed(db.sql, {
    receiver: "oncall",
    groupBy: [],
    groupWait: "1s",
    groupInterval: "1s",
  });
  const first = await room.open();
  const endsAt = room.clock.now() + 86_400_000;
  await first.routing.receive([{ labels: { alertname: "a" }, annotations: {}, generatorUrl: "", endsAt }]);
  room.fail(true);
  await room.clock.advance(1000);
  await first.routing.tick();
  room.fail(false);
  await room.clock.advance(1000);
  await first.routing.tick();
  assert.deepEqual(room.told(), ["oncall first: a firing"]);
  first.hostLost(host, "gone");
  await first.settled();
  const second = await room.open();
  await room.clock.advance(1000);
  await second.routing.tick();
  assert.deepEqual(room.told().slice(1), ["oncall more firing: a firing, host lost firing"]);
  assert.equal(new Set(room.notifications.map(({ id }) => id)).size, 2);
  second.hostConnected(host);
  await second.settled();
  const third = await room.open();
  await room.clock.advance(1000);
  await third.routing.tick();
  assert.equal(room.told().at(-1), "oncall some resolved: a firing, host lost resolved");
});

test("what was kept and not taken in goes out after a restart under its name; what nothing is known of counts as not told", async () => {
  await using db = await testDatabase();
  const room = await routed(db.sql, {
    ...{ receiver: "oncall", groupBy: ["alertname"], groupWait: "1s", groupInterval: "1s" },
  });
  const first = await room.open();
  const endsAt = room.clock.now() + 86_400_000;
  const alertOf = (alertname: string) => ({
    labels: { alertname },
    annotations: {},
    generatorUrl: "",
    endsAt,
  });
  await first.routing.receive([alertOf("a"), alertOf("b")]);
  room.fail(true);
  await room.clock.advance(1000);
  await first.routing.tick();
  const kept = await db.sql<
    { id: string }[]
  >`select told->'pending'->>'id' as id from alerting.told order by 1`;
  assert.equal(kept.length, 2);
  await db.sql`delete from alerting.received where alert->'labels'->>'alertname' = 'b'`;
  room.fail(false);
  const second = await room.open();
  await second.routing.tick();
  assert.deepEqual(room.told(), ["oncall first: a firing"]);
  assert.ok(kept.some(({ id }) => id === room.notifications[0]?.id));
  await second.routing.receive([alertOf("b")]);
  await room.clock.advance(1000);
  await second.routing.tick();
  assert.deepEqual(room.told().slice(1), ["oncall first: b firing"]);
});
