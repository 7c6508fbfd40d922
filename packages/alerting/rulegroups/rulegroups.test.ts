import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpServer } from "@havn/http";
import { testDatabase } from "@havn/postgres/testing";
import { context, openRoom, resource, steps } from "../testing.ts";

const noChange = { address: "", type: "", action: "create" as const, changes: [] };
const minute = 60_000;

const group = (rules: object[], more: object = {}) =>
  resource("shop/rules/web", { group: "web", file: "rules/web.yml", rules, ...more });

type Room = Awaited<ReturnType<typeof openRoom>>;

/** What a metric holds now: `{labels} value`. */
async function stored({ metrics }: Room, name: string): Promise<string[]> {
  const lines: string[] = [];
  const range = { start: 0, end: Number.MAX_SAFE_INTEGER };
  const matcher = { name: "__name__", operator: "=" as const, value: name };
  for await (const { labels, values } of metrics.select([matcher], range, new AbortController().signal)) {
    const own = Object.fromEntries(
      Object.entries(labels)
        .filter(([label]) => label !== "__name__")
        .sort(),
    );
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    const shown = [...values].map((value, at) =>
      bits[at * 2] === 2 && bits[at * 2 + 1] === 0x7ff00000 ? "ends" : value,
    );
    lines.push(`${JSON.stringify(own)} ${shown.join(" ")}`);
  }
  return lines;
}

test("recording rules: in order, with labels, ended when they give nothing", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const rules = [
    { record: "job:up:sum", expr: "sum by (job) (up)", labels: { level: "job" } },
    { record: "up:twice", expr: 'job:up:sum{level="job"} * 2' },
    { record: "bad", expr: "up + on (job) group_left () up_twice_missing" },
    { record: "doubled", expr: 'label_replace(up, "instance", "", "", "")' },
  ];
  await alerting.rulesExecutor.apply(steps, noChange, group(rules), context);
  const sample = (instance: string, value: number, env = "shop") =>
    room.metrics.add({ __name__: "up", env, job: "web", instance }, [{ timestamp: room.clock.now(), value }]);
  sample("a", 1);
  sample("b", 1);
  sample("c", 1, "elsewhere");
  await alerting.evaluate();
  assert.deepEqual(await stored(room, "job:up:sum"), ['{"env":"shop","job":"web","level":"job"} 2']);
  assert.deepEqual(await stored(room, "up:twice"), ['{"env":"shop","job":"web","level":"job"} 4']);
  assert.deepEqual(await stored(room, "doubled"), []);
  await room.clock.advance(10 * minute);
  await alerting.evaluate();
  assert.deepEqual(await stored(room, "job:up:sum"), ['{"env":"shop","job":"web","level":"job"} 2 ends']);
  await using server = await createHttpServer({ routes: alerting.routes, access: open });
  const shown = (await rulesOf(server, "type=record")).map(({ name, health, type }) => [name, health, type]);
  assert.deepEqual(shown.slice(0, 2), [
    ["job:up:sum", "ok", "recording"],
    ["up:twice", "ok", "recording"],
  ]);
});

test("alerting rules: pending, firing, kept firing, ended; templates; one bad beside good ones", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const rules = [
    { alert: "Broken", expr: 'label_replace(up, "a", "$1", "job", "(")', line: 3 },
    {
      alert: "Down",
      expr: "up == 0",
      for: "2m",
      keep_firing_for: "3m",
      labels: { severity: "page", where: "{{ $labels.instance | toUpper }}" },
      annotations: {
        summary:
          '{{ $labels.instance }} of {{ $externalLabels.region }}: {{ with query "up" }}{{ len . }}{{ end }} known',
        bad: '{{ humanize "x" }}',
      },
    },
  ];
  const declared = group(rules, { external_labels: { region: "north" } });
  await alerting.rulesExecutor.apply(steps, noChange, declared, context);
  const at = (value: number) =>
    room.metrics.add({ __name__: "up", env: "shop", job: "web", instance: "a:1" }, [
      { timestamp: room.clock.now(), value },
    ]);
  const state = () => alerting.list().map(({ rule, state: now }) => `${rule} ${now}`);
  at(0);
  await alerting.evaluate();
  assert.deepEqual(state(), ["Down pending"]);
  await room.clock.advance(2 * minute);
  at(0);
  await alerting.evaluate();
  assert.deepEqual(state(), ["Down firing"]);
  const [alert] = alerting.list();
  assert.equal(alert?.summary, "a:1 of north: 1 known");
  assert.equal(alert?.severity, "critical");
  assert.deepEqual(alert?.labels, {
    env: "shop",
    instance: "a:1",
    job: "web",
    region: "north",
    severity: "page",
    where: "A:1",
  });
  assert.match(alert?.annotations?.bad ?? "", /^<error expanding template: can't convert/);
  await using server = await createHttpServer({ routes: alerting.routes, access: open });
  const [broken, down] = await rulesOf(server, "type=alert");
  assert.equal(broken?.health, "err");
  assert.deepEqual(
    [down?.state, down?.duration, down?.keepFiringFor, down?.alerts[0]?.labels.alertname],
    ["firing", 120, 180, "Down"],
  );
  assert.equal(down?.alerts[0]?.labels.severity, "page");
  const ofItsOwn = resource("shop/alert/full", {
    expr: "up > 9",
    for: "5m",
    severity: "critical",
    summary: "s",
  });
  await alerting.executor.apply(steps, noChange, ofItsOwn, context);
  const [own] = await rulesOf(server, "type=alert&file[]=havn.config.ts");
  assert.deepEqual([own?.name, own?.duration, own?.state, own?.health], ["full", 300, "inactive", "ok"]);
  const { data } = await get<{ data: { alerts: ShownAlert[] } }>(server, "/prometheus/api/v1/alerts");
  assert.deepEqual(
    data.alerts.map(({ labels, state: now }) => [labels.alertname, now]),
    [["Down", "firing"]],
  );
  // It goes on for as long as it is to be kept, a restart in between or not.
  await room.clock.advance(minute);
  at(1);
  await alerting.evaluate();
  assert.deepEqual(state(), ["Down firing"]);
  await room.clock.advance(3 * minute);
  at(1);
  await alerting.evaluate();
  assert.deepEqual(state(), ["Down resolved"]);
  const lines = await stored(room, "ALERTS");
  assert.deepEqual(
    lines.map((line) => [/"alertstate":"(\w+)"/.exec(line)?.[1], line.slice(line.indexOf("} ") + 2)]).sort(),
    [
      ["firing", "1 1 ends"],
      ["pending", "1 ends"],
    ],
  );
});

test("a rule that is gone ends its alerts; what could not be read is shown", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  const broken = [{ name: "Bad", line: 7, fault: "the expression cannot be read" }];
  const one = group([{ alert: "Always", expr: "vector(1)" }], { broken });
  const plan = () => alerting.rulesExecutor.plan(one, undefined);
  assert.equal((await plan()).action, "create");
  await alerting.rulesExecutor.apply(steps, noChange, one, context);
  assert.equal((await plan()).action, "no-op");
  await alerting.evaluate();
  assert.equal(alerting.list()[0]?.state, "firing");
  const again = await room.open();
  await again.evaluate();
  assert.equal(again.list().length, 1);
  await using server = await createHttpServer({ routes: again.routes, access: open });
  const { groups } = await get<{ groups: { broken: unknown; rules: { state: string }[] }[] }>(
    server,
    "/api/v1/rules?environment=shop",
  );
  assert.deepEqual(groups[0]?.broken, broken);
  assert.equal(groups[0]?.rules[0]?.state, "firing");
  await again.rulesExecutor.remove(steps, one, context);
  assert.equal(again.list()[0]?.state, "resolved");
});

test("backfill: history in the places where the rule would have put it, again and again the same", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const written: string[] = [];
  const alerting = await room.open({
    recording: {
      ...room.recording,
      series: {
        write: async (_environment, samples) => {
          written.push(
            ...samples.map(
              ({ labels, time, value }) => `${labels.__name__} ${time / minute} ${String(value)}`,
            ),
          );
        },
        flush: async () => {},
      },
    },
  });
  const rules = [
    { record: "x:double", expr: "x * 2" },
    { alert: "Never", expr: "x < 0" },
  ];
  await alerting.rulesExecutor.apply(steps, noChange, group(rules), context);
  // A gap that is longer than the lookback ends the series in between.
  for (const at of [1, 2, 3, 20, 21])
    room.metrics.add({ __name__: "x", env: "shop" }, [{ timestamp: at * minute, value: at }]);
  await using server = await createHttpServer({ routes: alerting.routes, access: open });
  const body = { environment: "shop", from: 0, until: 21 * minute };
  const response = await server.inject({
    ...{ method: "POST", url: "/api/v1/rules/backfill", payload: JSON.stringify(body) },
    headers: { authorization: "Bearer x", "content-type": "application/json" },
  });
  assert.equal(response.statusCode, 200, response.body);
  assert.deepEqual(JSON.parse(response.body), { groups: 1, rules: 1, samples: written.length });
  const own = written.toSorted((a, b) => Number(a.split(" ")[1]) - Number(b.split(" ")[1]));
  assert.deepEqual(own.slice(0, 3), ["x:double 1 2", "x:double 2 4", "x:double 3 6"]);
  assert.ok(own.includes("x:double 8 stale"), own.join("; "));
  assert.deepEqual(own.slice(-2), ["x:double 20 40", "x:double 21 42"]);
});

test("a target that brings too many new series is an alert until it is quiet", async () => {
  await using db = await testDatabase();
  const told = { environment: "shop", job: "j", instance: "i", refused: 7, lastAt: 0 };
  const room = await openRoom(db.sql, { refusedSeries: () => [told] });
  const alerting = await room.open();
  told.lastAt = room.clock.now();
  await alerting.evaluate();
  const [alert] = alerting.list();
  assert.equal(alert?.state, "firing");
  assert.match(alert?.summary ?? "", /^Job j, instance i brings too many new series: 7 were not taken/);
  await room.clock.advance(5 * minute);
  await alerting.evaluate();
  assert.equal(alerting.list()[0]?.state, "resolved");
});

test("samples that are refused are an alert until it is quiet", async () => {
  await using db = await testDatabase();
  const told = { environment: "shop", reason: "a time lies more than a day ahead", refused: 3, lastAt: 0 };
  const room = await openRoom(db.sql, { refusedSamples: () => [told] });
  const alerting = await room.open();
  told.lastAt = room.clock.now();
  await alerting.evaluate();
  const [alert] = alerting.list();
  assert.equal(alert?.state, "firing");
  assert.match(alert?.summary ?? "", /is not stored: a time lies more than a day ahead \(3 so far\)/);
  await room.clock.advance(5 * minute);
  await alerting.evaluate();
  assert.equal(alerting.list()[0]?.state, "resolved");
});

test("a schedule that nobody will be on is an alert before that, until it is covered", async () => {
  await using db = await testDatabase();
  let uncovered = [
    {
      ...{ environment: "shop", schedule: "week", from: 0, fallback: "ada", count: 3 },
      text: "from 2026-01-16 09:00 (Europe/Oslo) on",
    },
  ];
  const room = await openRoom(db.sql, { uncovered: () => uncovered });
  const alerting = await room.open();
  await alerting.evaluate();
  const [alert] = alerting.list();
  assert.deepEqual([alert?.state, alert?.labels.schedule, alert?.environment], ["firing", "week", "shop"]);
  assert.equal(
    alert?.summary,
    "Schedule week has nobody on call from 2026-01-16 09:00 (Europe/Oslo) on, and 2 times more within a week: ada is asked instead.",
  );
  uncovered = [];
  await alerting.evaluate();
  assert.equal(alerting.list()[0]?.state, "resolved");
});

const open = {
  authenticate: async () => ({ id: "1", actor: "token:t", role: "admin" as const, via: "token" as const }),
  decide: () => true,
  audit: async () => {},
};

interface ShownRule {
  name: string;
  health: string;
  type: string;
  state: string;
  duration: number;
  keepFiringFor: number;
  alerts: ShownAlert[];
}
interface ShownAlert {
  labels: Record<string, string>;
  state: string;
}

async function get<T>(server: Awaited<ReturnType<typeof createHttpServer>>, url: string): Promise<T> {
  const response = await server.inject({ method: "GET", url, headers: { authorization: "Bearer x" } });
  assert.equal(response.statusCode, 200, response.body);
  return JSON.parse(response.body) as T;
}

async function rulesOf(
  server: Awaited<ReturnType<typeof createHttpServer>>,
  query: string,
): Promise<ShownRule[]> {
  const { data } = await get<{ data: { groups: { rules: ShownRule[] }[] } }>(
    server,
    `/prometheus/api/v1/rules?${query}`,
  );
  return data.groups[0]?.rules ?? [];
}
