import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { type Clock, labelsKey, systemClock } from "@havn/model";
import { createPromqlEngine, QueryTrace, type RangeResult } from "@havn/promql";
import { memoryQuerier } from "@havn/promql/testing";
import { createTelemetry, type Telemetry, type TimedSample } from "../index.ts";
import type { RetentionRule } from "./keeps.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Midnight, two days ago: partitions of old dates are no matter, since nothing goes by itself. */
const base = Math.floor(Date.now() / day - 2) * day;

async function openTest(at: number, retention: { samplesDays?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const db = stack.use(await openTestClickHouse());
  const time = { now: at };
  const clock: Clock = { ...systemClock, now: () => time.now };
  const telemetry = stack.use(
    await createTelemetry({
      ...{ clickhouse: db.clickhouse, clock, retention },
      spoolDirectory: join(db.directory, "spool"),
    }),
  );
  telemetry.rollups.setRules([]);
  const raw = memoryQuerier();
  const opened = stack.move();
  return {
    ...{ telemetry, clickhouse: db.clickhouse, directory: db.directory, time },
    async write(samples: readonly TimedSample[]) {
      await telemetry.write("shop", samples);
      await telemetry.flush();
    },
    /** The same for both: from what is stored, and from samples alone. */
    rolled: createPromqlEngine({ querier: telemetry.querier }),
    raw,
    plain: createPromqlEngine({ querier: raw }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Opened = Awaited<ReturnType<typeof openTest>>;

/** The same numbers each time: mulberry32. */
const random = ((state: number) => () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
})(42);

/** Counters with resets, gauges, NaN, infinity, gaps, and series that end and begin again. */
function sampled(from: number, until: number): TimedSample[] {
  const samples: TimedSample[] = [];
  for (let n = 0; n < 8; n++) {
    const labels = { __name__: n % 2 ? "hits_total" : "level", n: String(n) };
    let value = n === 1 ? 5 : 100 * random();
    for (let time = from + n * 1111; time <= until; time += 20_000 + Math.floor(40_000 * random())) {
      const dice = random();
      if (n === 6 && dice < 0.01) time += 2 * hour;
      if (n % 2) value = dice < 0.02 ? 3 * random() : value + 10 * random();
      else value = dice < 0.02 ? Number.NaN : dice < 0.05 ? value : 200 * random() - 100;
      samples.push({ labels, time, value });
      if (n % 2 === 0 && Number.isNaN(value)) value = 0;
      if (n === 5 && dice > 0.99) samples.push({ labels, time: time + 1, value: "stale" });
    }
  }
  return samples;
}

/** Beside the store: markers are NaNs of their own bits. */
function remember(raw: Opened["raw"], samples: readonly TimedSample[]): void {
  const series = Map.groupBy(samples, ({ labels }) => labelsKey(labels));
  for (const own of series.values()) {
    const sorted = own.toSorted((a, b) => a.time - b.time);
    const values = new Float64Array(sorted.length);
    const bits = new BigUint64Array(values.buffer);
    for (const [at, { value }] of sorted.entries())
      if (value === "stale") bits[at] = 0x7ff0000000000002n;
      else values[at] = Number(value);
    raw.addSeries({
      labels: { ...sorted[0]?.labels, env: "shop" },
      timestamps: Float64Array.from(sorted, ({ time }) => time),
      values,
    });
  }
}

const functions = [
  ...["rate", "increase", "delta", "resets", "changes"],
  ...["avg", "min", "max", "sum", "count", "last", "first", "present", "ts_of_last", "ts_of_first"].map(
    (name) => `${name}_over_time`,
  ),
];

function agree(found: RangeResult, expected: RangeResult, what: string): void {
  const byLabels = ({ matrix }: RangeResult) =>
    new Map(matrix.map(({ labels, timestamps, values }) => [labelsKey(labels), { timestamps, values }]));
  const [a, b] = [byLabels(found), byLabels(expected)];
  assert.deepEqual([...a.keys()], [...b.keys()], what);
  for (const [key, { timestamps, values }] of a) {
    assert.deepEqual(timestamps, b.get(key)?.timestamps, `${what}: ${key}`);
    for (const [i, value] of values.entries()) {
      const other = b.get(key)?.values[i] ?? Number.NaN;
      const near = Object.is(value, other) || Math.abs(value - other) <= 1e-9 * Math.max(1, Math.abs(other));
      assert.ok(near, `${what}: ${key} at ${timestamps[i]}: ${value}, ${other}`);
    }
  }
}

interface Window {
  startMs: number;
  endMs: number;
  stepMs: number;
}

const ranges = { "5m": [5 * minute, 25 * minute, 2 * hour], "1h": [hour, 3 * hour] };

/** Questions whose windows fit: both must give the same, and the store must have used the tier. */
async function compare(it: Opened, window: Window, tier: "5m" | "1h", lengths = ranges[tier]) {
  const { stepMs } = window;
  for (const name of [...functions, "", "timestamp"])
    for (const metric of ["hits_total", "level"])
      for (const length of name === "" || name === "timestamp" ? [0] : lengths) {
        const selector = length > 0 ? `${metric}[${length / minute}m]` : metric;
        const expr = name === "" ? selector : `${name}(${selector})`;
        const found = await it.rolled.range(expr, window);
        const what = `${expr} step ${stepMs / minute}m`;
        assert.deepEqual(found.tiers, [{ resolution: tier, exact: true }], what);
        agree(found, await it.plain.range(expr, window), what);
      }
}

test("buckets answer what samples would: both tiers, what is not rolled up yet, and what came late", async () => {
  const now = base + 20 * hour + 37 * minute;
  await using it = await openTest(now);
  const samples = sampled(base + 3 * hour + 7_000, now);
  // Some hours come after they were rolled up, in any order.
  const isLate = ({ time }: TimedSample) => Math.floor(time / hour) % 9 === 4 && time < base + 15 * hour;
  remember(it.raw, samples);
  await it.write(samples.filter((sample) => !isLate(sample)));
  await it.telemetry.rollups.pass();
  assert.deepEqual(it.telemetry.rollups.rolled(), { since: base + 3 * hour, until: base + 20 * hour });
  await it.write(samples.filter(isLate));
  const five = { startMs: base + 5 * hour, endMs: base + 20 * hour + 35 * minute, stepMs: 15 * minute };
  const hourly = { startMs: base + 6 * hour, endMs: base + 20 * hour, stepMs: 2 * hour };
  await compare(it, five, "5m");
  await compare(it, hourly, "1h", [hour]);
  await it.telemetry.rollups.pass();
  assert.deepEqual(await it.clickhouse.rows("SELECT * FROM late"), []);
  await compare(it, five, "5m", [10 * minute]);
  await compare(it, hourly, "1h", [2 * hour]);
  // As if the process had died before it took note: the same hours again.
  await it.clickhouse.execute("TRUNCATE TABLE rolled");
  await using again = await createTelemetryAgain(it);
  again.rollups.setRules([]);
  await again.rollups.pass();
  const engine = createPromqlEngine({ querier: again.querier });
  const twice = await engine.range("sum_over_time(level[1h])", hourly);
  agree(twice, await it.plain.range("sum_over_time(level[1h])", hourly), "rolled up twice");
});

async function createTelemetryAgain({
  clickhouse,
  directory,
  time,
}: Opened): Promise<Telemetry & AsyncDisposable> {
  const clock: Clock = { ...systemClock, now: () => time.now };
  return createTelemetry({
    clickhouse,
    clock,
    spoolDirectory: join(directory, "spool-again"),
  });
}

test("questions that do not fit are answered from samples", async () => {
  const now = base + 20 * hour;
  await using it = await openTest(now);
  const samples = sampled(base, now);
  remember(it.raw, samples);
  await it.write(samples);
  await it.telemetry.rollups.pass();
  for (const [expr, startMs, stepMs] of [
    ["rate(hits_total[5m])", base + 1, 5 * minute],
    ["rate(hits_total[4m])", base, 5 * minute],
    ["rate(hits_total[5m])", base, 4 * minute],
    ["rate(hits_total[5m] offset 1m)", base, 5 * minute],
    ["quantile_over_time(0.5, level[5m])", base, 5 * minute],
    // What is as short as that is in memory as a rule.
    ["rate(hits_total[5m])", now - 6 * hour, 5 * minute],
  ] as const) {
    const window = { startMs, endMs: now, stepMs };
    const found = await it.rolled.range(expr, window);
    assert.deepEqual(found.tiers, [{ resolution: "raw", exact: true }], expr);
    agree(found, await it.plain.range(expr, window), expr);
  }
});

test("what is too old goes, by rules, and only when it is rolled up; its buckets go on answering", async () => {
  const first = base - 40 * day;
  await using it = await openTest(first + day);
  const rule = (name: string, days: Partial<Record<"raw" | "5m" | "1h", number>>): RetentionRule => ({
    matchers: [{ name: "__name__", operator: "=", value: name }],
    keeps: { raw: (days.raw ?? 30) * day, "5m": (days["5m"] ?? 90) * day, "1h": (days["1h"] ?? 730) * day },
  });
  const of = (name: string, from: number): TimedSample[] =>
    Array.from({ length: 6 * 12 }, (_, n) => ({
      labels: { __name__: name },
      time: from + (n + 1) * 5 * minute,
      value: n,
    }));
  for (const at of [first, first + 20 * day]) {
    it.time.now = at + day;
    await it.write(["usual", "long", "short", "untiered"].flatMap((name) => of(name, at)));
  }
  it.telemetry.rollups.setRules([
    rule("long", { raw: 400 }),
    rule("short", { raw: 2 }),
    rule("untiered", { "5m": 0, "1h": 0 }),
  ]);
  const counts = async (table: string) =>
    Object.fromEntries(
      (
        await it.clickhouse.rows<{ metric: string; n: number }>(
          `SELECT s.name AS metric, toUInt32(count()) AS n FROM ${table} AS t FINAL
           INNER JOIN (SELECT DISTINCT id, name FROM series) AS s ON s.id = t.series_id GROUP BY metric ORDER BY metric`,
        )
      ).map(({ metric, n }) => [metric, n]),
    );
  it.time.now = base;
  await it.telemetry.rollups.pass();
  assert.deepEqual(await counts("samples"), { long: 144, untiered: 72, usual: 72 });
  assert.deepEqual(await counts("rollups_5m"), { long: 144, short: 144, usual: 144 });
  assert.deepEqual(await counts("rollups_1h"), { long: 12, short: 12, usual: 12 });
  const asked = { startMs: first + 1, endMs: first + 5 * hour, stepMs: 2 * hour };
  const gone = await it.rolled.range("increase(usual[1h])", asked);
  assert.deepEqual(gone.tiers, [{ resolution: "5m", exact: false }]);
  assert.match(gone.infos.join(), /samples that this asks for are gone/);
  assert.deepEqual([...(gone.matrix[0]?.values ?? [])], [12, 12]);
  const plain = await it.rolled.range("irate(usual[20m])", asked);
  assert.equal(plain.matrix[0]?.values.at(-1), 1 / 300);
  const kept = await it.rolled.range("increase(long[1h])", asked);
  assert.deepEqual(kept.tiers, [{ resolution: "raw", exact: true }]);
  const both = await it.rolled.range("increase(usual[1h]) + on() increase(long[1h])", asked);
  assert.deepEqual(both.tiers, [
    { resolution: "5m", exact: false },
    { resolution: "raw", exact: true },
  ]);
  const trace = new QueryTrace(() => 0);
  await it.rolled.range("rate(usual[1h]) + on() irate(usual[20m])", asked, { trace });
  assert.deepEqual(
    trace.explain().plan.inner?.map(({ inner }) => inner?.map(({ where, tiers }) => [where, tiers])),
    [[["store", ["5m"]]], [["store", ["5m"]]]],
  );
  const own = new QueryTrace(() => 0);
  await it.rolled.range("increase(long[1h])", asked, { trace: own });
  assert.deepEqual(own.explain().plan.inner?.[0]?.tiers, ["raw"]);
  // Years later only hours are left, and then nothing.
  it.time.now = base + 200 * day;
  await it.telemetry.rollups.pass();
  assert.deepEqual(await counts("samples"), { long: 144 });
  assert.deepEqual(await counts("rollups_5m"), {});
  const old = await it.rolled.range("max_over_time(usual[5m])", asked);
  assert.deepEqual(old.tiers, [{ resolution: "1h", exact: false }]);
  it.time.now = base + 900 * day;
  await it.telemetry.rollups.pass();
  for (const table of ["samples", "rollups_1h", "series"])
    assert.deepEqual(await it.clickhouse.rows(`SELECT 1 FROM ${table}`), [], table);
});
