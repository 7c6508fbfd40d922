import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import type { CheckResult } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { until } from "@havn/testkit";
import type { AlertingOptions, Notification } from "../index.ts";
import { checked, context, openRoom, resource, steps } from "../testing.ts";
import type { CheckSample } from "./series.ts";

const host = "shop/host/web-1";
const noChange = { address: "", type: "", action: "create" as const, changes: [] };
const tcp = { kind: "tcp", host: "10.0.0.1", port: 80 };
const of = (name: string) => `shop/check/${name}`;

async function openChecks(
  declared: Record<string, Record<string, unknown>>,
  overrides: Partial<AlertingOptions> = {},
) {
  const db = await testDatabase();
  const delivered: Notification[] = [];
  const room = await openRoom(db.sql, {
    deliver: async (notifications) => void delivered.push(...notifications),
    heartbeatKey: "key",
    ...overrides,
  });
  const alerting = await room.open();
  const route = resource("shop/route/all", {
    receiver: "ops",
    groupBy: ["alertname"],
    groupWait: "0s",
    groupInterval: "1s",
  });
  await alerting.executor.apply(steps, noChange, route, context);
  for (const [name, properties] of Object.entries(declared))
    await alerting.executor.apply(
      steps,
      noChange,
      resource(of(name), { probe: tcp, ...properties }),
      context,
    );
  return {
    ...{ db, room, alerting, delivered },
    /** What was told so far: `firing check a`. */
    async told(): Promise<string[]> {
      await alerting.settled();
      await room.clock.advance(2000);
      await alerting.routing.tick();
      return delivered
        .splice(0)
        .flatMap(({ alerts }) =>
          alerts.map(
            (alert) => `${alert.endsAt === undefined ? "firing" : "resolved"} ${alert.labels.alertname}`,
          ),
        )
        .sort();
    },
    alerts: () =>
      alerting
        .list({ state: "firing" })
        .map(({ rule, summary }) => `${rule}: ${summary}`)
        .sort(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

test("soft troubles are nobody's business, warnings wake nobody", async () => {
  await using checks = await openChecks({ a: { from: "web-1" } });
  const { alerting } = checks;
  alerting.checkResults(host, [checked(of("a"), "critical", "refused", { hard: false, hardState: "ok" })]);
  assert.deepEqual(await checks.told(), []);
  alerting.checkResults(host, [checked(of("a"), "warning", "slow")]);
  assert.deepEqual(await checks.told(), ["firing check a"]);
  assert.equal(alerting.list()[0]?.severity, "warning");
  alerting.checkResults(host, [checked(of("a"), "critical", "refused", { attempt: 2 })]);
  await alerting.settled();
  assert.equal(alerting.list()[0]?.severity, "critical");
  // Another host's word counts for nothing.
  alerting.checkResults("shop/host/web-2", [checked(of("a"), "ok", "well")]);
  await alerting.settled();
  assert.equal(alerting.list()[0]?.state, "firing");
});

test("a NUL and half a character in what a check says keep no alert from being raised", async () => {
  await using checks = await openChecks({ a: { from: "web-1" }, b: { from: "web-1" } });
  checks.alerting.checkResults(host, [
    checked(of("a"), "critical", "no\0 answer \ud83d"),
    checked(of("b"), "critical", "refused"),
  ]);
  assert.deepEqual(await checks.told(), ["firing check a", "firing check b"]);
  assert.match(checks.alerts().join(), /no\ufffd answer \ufffd/);
});

test("one dead switch is one page: its parent is asked anew, and what lies behind it is shown, not told", async () => {
  const asked: string[][] = [];
  let switchIs: CheckResult = checked(of("switch"), "ok", "3 ms");
  await using checks = await openChecks(
    {
      switch: { from: "web-1" },
      ...Object.fromEntries(["a", "b", "c"].map((name) => [name, { from: "web-1", parents: ["switch"] }])),
    },
    {
      async runChecks(_host, addresses) {
        asked.push(addresses);
        return [switchIs];
      },
    },
  );
  const { alerting } = checks;
  alerting.checkResults(host, [switchIs]);
  await checks.room.clock.advance(60_000);
  // The switch died a moment ago: its own check has not run since.
  switchIs = checked(of("switch"), "critical", "no answer");
  alerting.checkResults(
    host,
    ["a", "b", "c"].map((name) => checked(of(name), "critical", "no answer")),
  );
  assert.deepEqual(await checks.told(), ["firing check switch"]);
  assert.deepEqual(asked, [[of("switch")]]);
  assert.deepEqual(checks.alerts(), [
    "check a: Check a fails: no answer (it lies behind switch)",
    "check b: Check b fails: no answer (it lies behind switch)",
    "check c: Check c fails: no answer (it lies behind switch)",
    "check switch: Check switch fails: no answer",
  ]);
  // The switch is back, and one of them is not: that is its own trouble now.
  switchIs = checked(of("switch"), "ok", "3 ms");
  alerting.checkResults(host, [switchIs, checked(of("a"), "ok", "well"), checked(of("b"), "ok", "well")]);
  await alerting.evaluate();
  assert.deepEqual(await checks.told(), ["firing check c", "resolved check switch"]);
});

test("what was told is not taken back by a parent that dies later; a parent nobody can ask holds nothing back", async () => {
  await using checks = await openChecks(
    { switch: { from: "web-1" }, a: { from: "web-1", parents: ["switch"] } },
    { runChecks: () => Promise.reject(new Error("web-1 is not connected")) },
  );
  const { alerting } = checks;
  alerting.checkResults(host, [checked(of("a"), "critical", "no answer")]);
  assert.deepEqual(await checks.told(), ["firing check a"]);
  alerting.checkResults(host, [checked(of("switch"), "critical", "no answer")]);
  await alerting.evaluate();
  assert.deepEqual(await checks.told(), ["firing check switch"]);
  assert.equal(alerting.list({ state: "firing" }).length, 2);
  // Nor by a restart: the agent tells all again.
  const after = await checks.room.open();
  after.checkResults(host, [
    checked(of("switch"), "critical", "no answer"),
    checked(of("a"), "critical", "no answer"),
  ]);
  await after.settled();
  assert.deepEqual(
    after.list({ state: "firing" }).map(({ labels }) => labels.behind),
    [undefined, undefined],
  );
});

test("a dependency holds back by its state", async () => {
  await using checks = await openChecks({
    db: { from: "web-1" },
    web: { from: "web-1", dependencies: [{ on: "db", failWhen: ["critical"] }] },
  });
  const { alerting } = checks;
  alerting.checkResults(host, [checked(of("db"), "critical", "down"), checked(of("web"), "critical", "500")]);
  assert.deepEqual(await checks.told(), ["firing check db"]);
  alerting.checkResults(host, [checked(of("db"), "warning", "slow")]);
  await alerting.evaluate();
  assert.ok((await checks.told()).includes("firing check web"));
});

test("flapping is one trouble, each result of a volatile check its own", async () => {
  await using checks = await openChecks({ a: { from: "web-1" }, log: { from: "web-1", volatile: true } });
  const { alerting } = checks;
  const flapping = { flapping: true, flapPercent: 40 };
  alerting.checkResults(host, [checked(of("a"), "ok", "well", flapping)]);
  assert.deepEqual(await checks.told(), ["firing check a"]);
  assert.deepEqual(checks.alerts(), ["check a: Check a flaps (40 % change): well"]);
  alerting.checkResults(host, [checked(of("a"), "critical", "ill", flapping)]);
  alerting.checkResults(host, [checked(of("a"), "ok", "well", flapping)]);
  assert.equal((await checks.told()).filter((one) => one.startsWith("resolved")).length, 0);
  alerting.checkResults(host, [checked(of("a"), "ok", "well")]);
  assert.deepEqual(await checks.told(), ["resolved check a"]);
  alerting.checkResults(host, [checked(of("log"), "critical", "a line", { troubles: 1 })]);
  assert.deepEqual(await checks.told(), ["firing check log"]);
  alerting.checkResults(host, [checked(of("log"), "critical", "another line", { troubles: 2 })]);
  assert.ok((await checks.told()).includes("firing check log"));
});

test("passive results: attempts, freshness, series, and a restart in between", async () => {
  const samples: CheckSample[] = [];
  await using checks = await openChecks(
    { backup: { probe: { kind: "passive", freshness: "10m", nagios: { host: "db", service: "Backup" } } } },
    { record: async (some) => void samples.push(...some) },
  );
  const { alerting, room } = checks;
  const report = (state: "ok" | "critical", output: string) =>
    alerting.reportCheck(of("backup"), { state, output });
  await report("critical", "no space|left=0MB");
  assert.deepEqual(await checks.told(), []);
  await report("critical", "no space|left=0MB\nmore about it");
  assert.deepEqual(await checks.told(), ["firing check backup"]);
  assert.ok(
    samples.some(
      ({ name, labels, value }) => name === "havn_check_value" && labels.label === "left" && value === 0,
    ),
  );
  await report("ok", "done");
  assert.deepEqual(await checks.told(), ["resolved check backup"]);
  assert.equal(alerting.findNagiosCheck("db", "Backup"), of("backup"));
  assert.equal(alerting.findNagiosCheck("db", undefined), undefined);
  await room.clock.advance(601_000);
  const after = await room.open();
  await after.evaluate();
  await after.settled();
  assert.equal(
    after.list({ state: "firing" })[0]?.summary,
    "Check backup cannot tell: no result came for 10m",
  );
  await assert.rejects(alerting.reportCheck(of("none"), { state: "ok", output: "" }), /no passive check/);
});

test("heartbeats and results over HTTP", async () => {
  await using checks = await openChecks({
    job: { probe: { kind: "heartbeat", every: "1h", grace: "1m" } },
    disk: { probe: { kind: "passive" }, attempts: 1 },
  });
  const { alerting, room } = checks;
  await using server = await createHttpServer({
    routes: alerting.routes,
    access: {
      authenticate: async ({ authorization }) =>
        authorization ? { id: "1", actor: "user:ada", role: "operator", via: "token" } : undefined,
      decide: () => true,
      audit: async () => {},
    },
  });
  const signed = { authorization: "Bearer x" };
  const get = async (url: string) =>
    JSON.parse((await server.inject({ method: "GET", url, headers: signed })).body);
  const { heartbeat } = await get("/api/v1/checks/shop/job");
  assert.match(heartbeat, /^\/heartbeat\/[\w-]{27}$/);
  const ping = async (path: string, method: "GET" | "POST" = "GET", payload?: string) =>
    (
      await server.inject({
        method,
        url: path,
        ...(payload && { payload, headers: { "content-type": "text/plain" } }),
      })
    ).statusCode;
  assert.equal(await ping(heartbeat), 200);
  assert.equal(await ping(`${heartbeat}x`), 404);
  await room.clock.advance(62 * 60_000);
  await alerting.evaluate();
  assert.deepEqual(await checks.told(), ["firing check job"]);
  assert.equal(await ping(`${heartbeat}/start`, "POST"), 200);
  await room.clock.advance(5000);
  assert.equal(await ping(`${heartbeat}/finish`, "POST", "42 rows\nin 3 tables"), 200);
  assert.deepEqual(await checks.told(), ["resolved check job"]);
  const { checks: views } = await get("/api/v1/checks?environment=shop");
  const job = views.find(({ name }: { name: string }) => name === "job");
  assert.match(job.result.output, /^the job finished after [\d.]+ s: 42 rows$/);
  assert.equal(await ping(`${heartbeat}/fail`), 200);
  assert.deepEqual(await checks.told(), ["firing check job"]);

  const report = async (results: object[]) =>
    (
      await server.inject({
        method: "POST",
        url: "/api/v1/checks/shop/results",
        headers: { ...signed, "content-type": "application/json" },
        payload: JSON.stringify({ results }),
      })
    ).statusCode;
  assert.equal(await report([{ check: "disk", state: 2, output: "full" }]), 200);
  assert.deepEqual(await checks.told(), ["firing check disk"]);
  assert.equal(
    await report([
      { check: "disk", state: "ok", output: "" },
      { check: "job", state: "ok", output: "" },
    ]),
    400,
  );
  assert.equal(await report([{ check: "other/check/disk", state: "ok", output: "" }]), 400);
  assert.equal(alerting.list({ state: "firing" }).length, 2);
  assert.equal(await report([{ check: "disk", state: 0, output: "well" }]), 200);
  assert.deepEqual(await checks.told(), ["resolved check disk"]);
});

test("long output of what the control plane runs, or is told, becomes lines of the log: news only, secrets masked", {
  timeout: 600_000,
}, async () => {
  const kept: string[] = [];
  const stopping = new AbortController();
  const script = "echo 'FULL|used=9'; echo '/ is full'; echo; echo \"of $LETTER\"; exit 1";
  const plugin = { kind: "plugin", command: ["/bin/sh", "-c", script], env: { LETTER: "a-secret-letter" } };
  await using checks = await openChecks(
    { own: { probe: plugin, interval: "1s" }, told: { probe: { kind: "passive" } } },
    {
      writeLines: async (environment, lines) => {
        for (const { instance, severity, line } of lines)
          kept.push(`${environment} ${instance} ${severity}: ${line}`);
      },
    },
  );
  const running = checks.alerting.start(stopping.signal);
  try {
    await until(() => kept.length >= 2, { what: "lines of the first result" });
    assert.deepEqual(kept.slice(0, 2), ["shop check own warn: / is full", "shop check own warn: of ***"]);
    kept.length = 0;
    await checks.alerting.reportCheck(of("told"), { state: "ok", output: "fine|x=1\nall of it" });
    assert.ok(kept.includes("shop check told info: all of it"), kept.join("; "));
  } finally {
    stopping.abort();
    await checks.room.clock.advance(60_000);
    await running;
  }
});

test("the control plane runs checks without a host, with its secrets", { timeout: 600_000 }, async () => {
  const server = createServer((request, response) =>
    response.writeHead(request.headers.authorization === "Bearer opened" ? 200 : 401).end(),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const samples: CheckSample[] = [];
  const headers = { authorization: { $text: ["Bearer ", { $secret: "token" }] } };
  const stopping = new AbortController();
  await using checks = await openChecks(
    { own: { probe: { kind: "http", url: `http://127.0.0.1:${port}/`, headers } } },
    {
      resolve: async (_, value) =>
        JSON.parse(
          JSON.stringify(value)
            .replace(/\{"\$text":[^\]]*\]\}/, '"Bearer opened"')
            .replaceAll('{"$secret":"token"}', '"opened"'),
        ),
      record: async (some) => void samples.push(...some),
    },
  );
  const running = checks.alerting.start(stopping.signal);
  try {
    await until(
      () =>
        samples.find(
          ({ name, labels, value }) => name === "havn_check_state" && labels.check === "own" && value === 0,
        ),
      { what: "a result" },
    );
  } finally {
    stopping.abort();
    await checks.room.clock.advance(60_000);
    await running;
    server.close();
  }
});
