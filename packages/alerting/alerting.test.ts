import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import { HavnError } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { checked, context, openRoom, report, resource, steps } from "./testing.ts";

const host = "shop/host/web-1";
const service = "shop/service/shop";
const id = "shop-web-1-3f2a9c10";
const noChange = { address: "", type: "", action: "create" as const, changes: [] };

const exited = (at: number, key = `exit-${at}`) => ({
  key,
  at,
  kind: "instance.exited",
  severity: "error" as const,
  address: service,
  summary: `${id} was killed by SIGKILL`,
  data: { instance: id, release: "3f2a9c10" },
});
const instance = (
  health: "healthy" | "unhealthy" | "starting" | "stopped",
  since: number,
  detail?: string,
) => ({
  ...{ id, service: "shop", release: "3f2a9c10", port: 8080, restarts: 1, health, since },
  ...(detail && { detail }),
});

test("an instance that exits and is back at once fires and resolves, once each", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  alerting.observe(host, report(100, { instances: [instance("healthy", 50)] }));
  await alerting.agentEvent(host, exited(1000));
  // Sent before the exit, and the beginning of the restart: neither ends the alert.
  alerting.observe(host, report(1001, { instances: [instance("healthy", 50)] }));
  alerting.observe(host, report(1002, { instances: [instance("starting", 1000)] }));
  await alerting.settled();
  assert.deepEqual(
    alerting.list().map(({ state, address, labels }) => ({ state, address, labels })),
    [
      {
        state: "firing",
        address: service,
        labels: { instance: id, host: "web-1", service: "shop", release: "3f2a9c10" },
      },
    ],
  );
  alerting.observe(host, report(1700, { instances: [instance("healthy", 1600)] }));
  // The agent was not answered in time and pushes its event again.
  await alerting.agentEvent(host, exited(1000));
  await alerting.settled();
  assert.equal(alerting.list()[0]?.state, "resolved");
  assert.deepEqual(await room.events(), [
    `alert.firing: ${id} was killed by SIGKILL`,
    `alert.resolved: Resolved: ${id} was killed by SIGKILL`,
  ]);
  const [firing] = await room.timeline.list({ kind: "alert.firing" });
  assert.equal(firing?.host, host);
  assert.equal(firing?.address, service);
  assert.equal(firing?.environment, "shop");
  assert.equal(firing?.severity, "error");
});

test("an exit that is heard of after the recovery fires, and the next report resolves it", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const well = report(2000, { instances: [instance("healthy", 1600)] });
  alerting.observe(host, well);
  await alerting.agentEvent(host, exited(1000));
  await alerting.settled();
  assert.equal(alerting.list()[0]?.state, "firing");
  alerting.observe(host, well);
  await alerting.settled();
  assert.equal(alerting.list()[0]?.state, "resolved");
});

test("instances that are not healthy, and those that are gone", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  alerting.observe(host, report(1, { instances: [instance("unhealthy", 1, "status 500")] }));
  alerting.observe("shop/host/web-2", report(1));
  await alerting.settled();
  assert.deepEqual(await room.events(), [`alert.firing: ${id} is not healthy: status 500`]);
  alerting.observe(host, report(2));
  await alerting.settled();
  assert.equal((await room.events()).length, 2);
});

test("a resource that something else keeps changing back fires until it is quiet; of other hosts' an agent tells nothing", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const fight = (address: string) => ({ address, since: 1, mended: 5 });
  const own = "shop/file/web-1:/etc/motd";
  const foreign = ["shop/file/web-2:/etc/motd", "other/file/web-1:/etc/motd", "nonsense"];
  alerting.observe(host, report(1, { fights: [own, ...foreign].map(fight) }));
  await alerting.settled();
  assert.deepEqual(
    alerting.list().map(({ rule, address, state, labels }) => ({ rule, address, state, labels })),
    [{ rule: "resource fight", address: own, state: "firing", labels: { host: "web-1", type: "file" } }],
  );
  alerting.observe(host, report(2, { fights: [{ ...fight(own), mended: 9 }] }));
  alerting.observe(host, report(3));
  await alerting.settled();
  const told = `${own} does not stay as it is declared: something else on web-1 keeps changing it back`;
  assert.deepEqual(await room.events(), [`alert.firing: ${told}`, `alert.resolved: Resolved: ${told}`]);
});

test("hosts and services", async () => {
  await using db = await testDatabase();
  let healthy = 1;
  const room = await openRoom(db.sql, { services: () => [{ address: service, wanted: 2, healthy }] });
  const alerting = await room.open();
  alerting.hostLost(host, "no heartbeat for 15 s");
  await alerting.evaluate();
  assert.deepEqual(
    alerting
      .list()
      .map(({ rule, state }) => `${rule}: ${state}`)
      .sort(),
    ["host lost: firing", "service below wanted instances: pending"],
  );
  await room.clock.advance(15_000);
  await alerting.evaluate();
  alerting.hostConnected(host);
  healthy = 2;
  await alerting.evaluate();
  await alerting.settled();
  assert.deepEqual((await room.events()).sort(), [
    "alert.firing: Host web-1 is not connected: no heartbeat for 15 s",
    "alert.firing: Service shop has 1 of 2 instances healthy",
    "alert.resolved: Resolved: Host web-1 is not connected: no heartbeat for 15 s",
    "alert.resolved: Resolved: Service shop has 1 of 2 instances healthy",
  ]);
  alerting.hostLost(host, "again");
  alerting.hostRemoved(host);
  await alerting.settled();
  assert.deepEqual(alerting.list({ state: "firing" }), []);
});

const busy = resource("shop/alert/busy", {
  expr: "load > 4",
  for: "10s",
  severity: "warning",
  summary: "{{ $labels.host }} has a load of {{ $value }}{{ $labels.none }}",
});

test("rules: pending, firing, resolved, over their own environment only", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  assert.equal((await alerting.executor.plan(busy, undefined)).action, "create");
  await alerting.executor.apply(steps, noChange, busy, context);
  assert.equal((await alerting.executor.plan(busy, busy)).action, "no-op");
  const now = () => room.clock.now();
  const measure = (env: string, value: number) =>
    room.metrics.add({ __name__: "load", env, host: "web-1" }, [{ timestamp: now(), value }]);
  measure("shop", 5.123456789);
  measure("other", 50);
  await alerting.evaluate();
  assert.deepEqual(
    alerting.list().map(({ state, summary, value }) => ({ state, summary, value })),
    [{ state: "pending", summary: "web-1 has a load of 5.12346", value: 5.123456789 }],
  );
  await room.clock.advance(10_000);
  await alerting.evaluate();
  await room.clock.advance(1000);
  measure("shop", 1);
  await alerting.evaluate();
  assert.deepEqual(await room.events(), [
    "alert.firing: web-1 has a load of 5.12346",
    "alert.resolved: Resolved: web-1 has a load of 5.12346",
  ]);
  const [event] = await room.timeline.list({ kind: "alert.firing" });
  assert.equal(event?.host, host);
  assert.equal(event?.address, "shop/alert/busy");
});

test("a rule that cannot be evaluated keeps its alerts; one that is removed ends them", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  let broken = false;
  const always = resource("shop/alert/always", { expr: "vector(1)", summary: "always" });
  const alerting = await room.open({
    query: async (_expr, at) => {
      if (broken) throw new HavnError("ClickHouse is down", { status: 503 });
      return {
        type: "vector",
        vector: [{ labels: {}, timestamp: at, value: 1 }],
        warnings: [],
        infos: [],
      };
    },
  });
  await alerting.executor.apply(steps, noChange, always, context);
  await alerting.evaluate();
  broken = true;
  await alerting.evaluate();
  await alerting.evaluate();
  assert.equal(alerting.list()[0]?.state, "firing");
  assert.deepEqual(room.logged, ["rule shop/alert/always was not evaluated: ClickHouse is down"]);
  await alerting.executor.remove(steps, always, context);
  assert.equal(alerting.list()[0]?.state, "resolved");
  assert.equal((await alerting.executor.plan(undefined, always)).action, "no-op");
});

test("an expression that cannot be read is a diagnostic of the plan", async () => {
  await using db = await testDatabase();
  const alerting = await (await openRoom(db.sql)).open();
  const wrong = resource("shop/alert/wrong", { expr: "rate(up)", summary: "x" });
  await assert.rejects(
    alerting.executor.plan({ ...wrong, location: { file: "havn.config.ts", line: 7, column: 3 } }, undefined),
    (error) => {
      assert.ok(error instanceof HavnError);
      assert.equal(error.status, 400);
      assert.equal(error.diagnostics[0]?.at?.line, 7);
      assert.match(error.diagnostics[0]?.detail ?? "", /1:6: parse error: expected type range vector/);
      return true;
    },
  );
});

test("checks: the agent is told, and what it finds becomes an alert", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const url = { $text: ["http://", { $host: "lb-1", attribute: "address" }, "/healthz"] };
  const check = resource("shop/check/front", { from: "web-1", probe: { kind: "http", url } });
  await alerting.executor.apply(steps, noChange, check, context);
  assert.deepEqual(room.told.at(-1), {
    host,
    value: [
      {
        name: "front",
        address: "shop/check/front",
        interval: "5s",
        timeout: "3s",
        probe: { kind: "http", url, status: 200, redirects: 0 },
        attempts: 2,
        retryInterval: "1s",
        flapping: { low: 20, high: 30 },
        volatile: false,
        secrets: [],
        labels: {},
      },
    ],
  });
  const address = "shop/check/front";
  alerting.checkResults(host, [checked(address, "critical", "status 503, not 200")]);
  await alerting.settled();
  alerting.checkResults(host, [checked(address, "ok", "status 200")]);
  await alerting.settled();
  assert.deepEqual(await room.events(), [
    "alert.firing: Check front fails: status 503, not 200",
    "alert.resolved: Resolved: Check front fails: status 503, not 200",
  ]);
  const moved = resource("shop/check/front", { from: "web-2", probe: { kind: "http", url } });
  assert.equal((await alerting.executor.plan(moved, check)).changes[0]?.property, "from");
  await alerting.executor.apply(steps, noChange, moved, context);
  assert.deepEqual(
    room.told.slice(-2).map((entry) => [entry.host, (entry.value as unknown[]).length]),
    [
      ["shop/host/web-2", 1],
      [host, 0],
    ],
  );
  await alerting.executor.remove(steps, moved, context);
  assert.deepEqual(room.told.at(-1), { host: "shop/host/web-2", value: [] });
});

test("a restart takes up every state, and tells nothing twice", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const before = await room.open();
  await before.executor.apply(steps, noChange, busy, context);
  room.metrics.add({ __name__: "load", env: "shop", host: "web-1" }, [
    { timestamp: room.clock.now(), value: 5 },
  ]);
  await before.agentEvent(host, exited(1000));
  await before.evaluate();
  const after = await room.open();
  assert.deepEqual(after.list(), before.list());
  await room.clock.advance(10_000);
  await after.agentEvent(host, exited(1000));
  await after.evaluate();
  await after.settled();
  assert.deepEqual(
    after.list().map(({ state }) => state),
    ["firing", "firing"],
  );
  assert.equal((await room.events()).length, 2);
});

test("a crash before or after the timeline is written: each transition stands there once", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const crash = (when: "before" | "after") => ({
    timeline: {
      list: async () => [],
      async write(event: Parameters<typeof room.timeline.write>[0]) {
        if (when === "after") await room.timeline.write(event);
        throw new Error("killed");
      },
    },
  });
  const first = await room.open(crash("before"));
  await first.agentEvent(host, exited(1000));
  await first.settled();
  assert.deepEqual(await room.events(), []);
  const second = await room.open(crash("after"));
  second.observe(host, report(2000, { instances: [instance("healthy", 1500)] }));
  await second.settled();
  const third = await room.open();
  await third.evaluate();
  await third.evaluate();
  assert.deepEqual(
    (await room.events()).map((event) => event.split(":")[0]),
    ["alert.firing", "alert.resolved"],
  );
});

test("what comes in while the database fails is taken in later", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  await db.sql`alter table alerting.alert rename to hidden`;
  alerting.observe(host, report(1, { instances: [instance("unhealthy", 1)] }));
  // Who told of it keeps it, and tells again.
  await assert.rejects(alerting.agentEvent("shop/host/web-2", exited(1000)));
  assert.deepEqual(alerting.list(), []);
  await db.sql`alter table alerting.hidden rename to alert`;
  await alerting.evaluate();
  await alerting.agentEvent("shop/host/web-2", exited(1000));
  assert.deepEqual(await room.events(), [
    `alert.firing: ${id} is not healthy`,
    `alert.firing: ${id} was killed by SIGKILL`,
  ]);
});

test("listeners hear each change, and the route lists", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const heard: string[] = [];
  const stop = alerting.onChange(({ rule, state }) => heard.push(`${rule} ${state}`));
  alerting.hostLost(host, "gone");
  alerting.hostLost("other/host/a", "gone");
  await alerting.settled();
  stop();
  alerting.hostConnected(host);
  await alerting.settled();
  assert.deepEqual(heard, ["host lost firing", "host lost firing"]);
  await using server = await createHttpServer({
    routes: alerting.routes,
    access: {
      authenticate: async () => ({ id: "1", actor: "user:ada", role: "viewer", via: "token" }),
      decide: (_identity, action) => action === "alert:read",
      audit: async () => {},
    },
  });
  const get = async (query: string) =>
    JSON.parse((await server.inject({ method: "GET", url: `/api/v1/alerts${query}` })).body).alerts;
  assert.equal((await get("")).length, 2);
  assert.equal((await get("?environment=shop"))[0].state, "resolved");
  assert.deepEqual(await get("?environment=shop&state=firing"), []);
});
