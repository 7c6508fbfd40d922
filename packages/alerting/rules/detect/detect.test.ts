import assert from "node:assert/strict";
import { test } from "node:test";
import type { Labels } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { context, openRoom, resource, steps } from "../../testing.ts";
import { bandOf } from "./band.ts";
import { reachesIn } from "./forecast.ts";
import { usualOf } from "./history.ts";

const noChange = { address: "", type: "", action: "create" as const, changes: [] };
const minute = 60_000;
const line = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => ({ at: i * 60, value: value(i) }));

test("forecast: a line that outliers do not bend, after the last step, and only where it goes on", () => {
  const down = { reaches: 0, towards: "down" as const };
  assert.equal(
    reachesIn(
      line(60, (i) => 1000 - 10 * i),
      down,
    ),
    (1000 - 590) * 6,
  );
  const withOutliers = line(60, (i) => (i % 9 === 4 ? 5000 : 1000 - 10 * i));
  assert.ok(Math.abs((reachesIn(withOutliers, down) ?? 0) - 2460) < 60);
  // Files were deleted a third of the way: what came before says nothing of the pace.
  const step = line(60, (i) => (i < 20 ? 100_000 - 4000 * i : 90_000 - 10 * (i - 20)));
  const expected = (90_000 - 390) * 6;
  assert.ok(Math.abs((reachesIn(step, down) ?? 0) - expected) < 600, String(reachesIn(step, down)));
  // One large file came, and nothing since.
  const once = line(60, (i) => (i < 30 ? 1000 : 500) + (i % 2));
  assert.equal(reachesIn(once, down), undefined);
  // It has stopped lately.
  const stopped = line(60, (i) => Math.max(500, 1000 - 20 * i));
  assert.equal(reachesIn(stopped, down), undefined);
  assert.equal(
    reachesIn(
      line(60, () => 0),
      down,
    ),
    0,
  );
  assert.equal(
    reachesIn(
      line(5, (i) => 10 - i),
      down,
    ),
    undefined,
  );
  assert.equal(
    reachesIn(
      line(20, (i) => i),
      { reaches: 29, towards: "up" },
    ),
    600,
  );
});

test("band: the median and its spread, which one odd week does not widen; calm pasts have room", () => {
  const usual = usualOf([10, 11, 9, 10, 12, 8, 10, 500], 4);
  assert.ok(usual);
  const { lower, upper } = bandOf(usual, { deviations: 4, tolerance: 0.1 });
  assert.ok(lower > 0 && upper < 20, `${lower} ${upper}`);
  assert.deepEqual(bandOf({ seasons: 4, median: 100, deviation: 0 }, { deviations: 4, tolerance: 0.1 }), {
    lower: 90,
    upper: 110,
  });
  assert.equal(usualOf([], 0), undefined);
});

test("what should exist: the alert names it, and ends when it shows or leaves the graph", async () => {
  await using db = await testDatabase();
  let hosts: Labels[] = [{ host: "a" }, { host: "b" }, { host: "c" }];
  const room = await openRoom(db.sql, { expected: async () => hosts });
  const alerting = await room.open();
  const rule = {
    ...{ expr: "up", summary: "{{ $labels.host }} is missing", for: "1m" },
    detect: { kind: "expected", of: "hosts", only: ["a", "b"] },
  };
  await alerting.executor.apply(steps, noChange, resource("shop/alert/there", rule), context);
  const up = (host: string) =>
    room.metrics.add({ __name__: "up", env: "shop", host }, [{ timestamp: room.clock.now(), value: 1 }]);
  const told = () =>
    alerting.list().map(({ summary, state, labels }) => `${summary} ${state} ${labels.host}`);
  up("a");
  await alerting.evaluate();
  assert.deepEqual(told(), ["b is missing pending b"]);
  await room.clock.advance(minute);
  await alerting.evaluate();
  assert.deepEqual(told(), ["b is missing firing b"]);
  hosts = [{ host: "a" }];
  await alerting.evaluate();
  assert.deepEqual(told(), ["b is missing resolved b"]);
});

test("bands are kept as series, and said in words; lines of logs are counted", async () => {
  await using db = await testDatabase();
  const asked: object[] = [];
  const room = await openRoom(db.sql, {
    async countLogs(lines, grid) {
      asked.push({ ...lines, ...grid });
      return [{ labels: { service: "shop", host: "a" }, counts: Float64Array.of(7) }];
    },
  });
  const alerting = await room.open();
  const detect = { kind: "band", season: "1h", seasons: 2, window: "10m" };
  const summary = "{{ $value }} is not {{ $facts.lower }} to {{ $facts.upper }}";
  const rule = resource("shop/alert/odd", { expr: "load", summary, detect });
  await alerting.executor.apply(steps, noChange, rule, context);
  const logs = {
    ...{ summary: "{{ $labels.service }}: {{ $value }}" },
    detect: { kind: "logs", contains: "killed", over: "1m", above: 5 },
  };
  await alerting.executor.apply(steps, noChange, resource("shop/alert/lines", logs), context);
  const start = room.clock.now();
  room.metrics.add(
    { __name__: "load", env: "shop", host: "a" },
    Array.from({ length: 121 }, (_, i) => ({ timestamp: start + i * minute, value: i === 120 ? 20 : 10 })),
  );
  await room.clock.advance(120 * minute);
  await alerting.evaluate();
  assert.deepEqual(
    alerting
      .list()
      .map(({ summary: text }) => text)
      .sort(),
    ["20 is not 9 to 11", "shop: 7"],
  );
  assert.deepEqual(asked.at(-1), {
    ...{ environment: "shop", contains: "killed", severity: undefined, service: undefined, host: undefined },
    ...{ start: start + 119 * minute, step: minute, count: 1 },
  });
  const range = { start: 0, end: Number.MAX_SAFE_INTEGER };
  const matchers = [{ name: "alert", operator: "=" as const, value: "odd" }];
  const kept: string[] = [];
  for await (const { labels, values } of room.metrics.select(matchers, range, new AbortController().signal))
    kept.push(`${labels.__name__} ${labels.host} ${values}`);
  assert.deepEqual(kept.sort(), [
    "havn_alert_band_lower a 9",
    "havn_alert_band_upper a 11",
    "havn_alert_band_value a 20",
  ]);
});

test("what is wrong with a rule is told where it is, and the others go on", async () => {
  await using db = await testDatabase();
  const room = await openRoom(db.sql);
  const alerting = await room.open();
  room.metrics.add({ __name__: "up", env: "shop", host: "a" }, [{ timestamp: room.clock.now(), value: 1 }]);
  const put = (name: string, properties: Record<string, unknown>) =>
    alerting.executor.apply(steps, noChange, resource(`shop/alert/${name}`, properties), context);
  await assert.rejects(put("syntax", { expr: "up >", summary: "s" }), /expression of alert syntax/);
  await assert.rejects(put("text", { expr: "up", summary: "{{ nothing }}" }), /template of summary/);
  await put("many", { expr: "up + on () group_left () (up or up offset 1s or vector(1))", summary: "s" });
  await put("throws", { expr: "up", summary: '{{ query "none" | first | value }}' });
  await put("good", { expr: "up == 1", summary: "{{ $labels.host }}" });
  await alerting.evaluate();
  const told = alerting.list().map(({ rule, summary }) => `${rule}: ${summary.slice(0, 40)}`);
  assert.deepEqual(told.sort(), ["good: a", "throws: <error expanding template: first() calle"]);
  assert.ok(room.logged.some((text) => text.startsWith("rule shop/alert/many was not evaluated")));
});
