import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import fc from "@havn/testkit/property";
import { createQuerier } from "./querier.ts";
import { StoredSeries } from "./stored-series.ts";

const signal = new AbortController().signal;
const hour = 3_600_000;
// Some days ago: what is older than the tables keep is removed when parts are merged.
const base = Math.floor(Date.now() / 86_400_000 - 3) * 86_400_000;
const day = new Date(base).toISOString().slice(0, 10);

/** What a store would hold that takes each sample as it comes and lets the last one stand. */
type Oracle = Map<number, Map<number, string>>;

// Series 0 to 19; hours and values few, so that samples meet again and again.
const sample = fc.record({
  series: fc.nat(19),
  at: fc.nat(30).map((n) => base + n * 900_000),
  value: fc.constantFrom(1, 2, -0, Number.NaN, Number.POSITIVE_INFINITY),
});
const parts = fc.array(fc.array(sample, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 });
const window = fc.record({ from: fc.nat(7), hours: fc.nat(8), merged: fc.boolean(), dense: fc.boolean() });

test("parts that were not merged read as if they were: the last written of each time", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  await clickhouse.execute(`
    INSERT INTO series SELECT toDate('${day}'), number, 'm', map('n', toString(number), 'group', toString(number % 2))
    FROM numbers(20)`);
  await clickhouse.execute("SYSTEM STOP MERGES samples");
  const property = fc.asyncProperty(parts, window, async (inserts, { from, hours, merged, dense }) => {
    await clickhouse.execute("TRUNCATE TABLE samples");
    const oracle: Oracle = new Map();
    for (const rows of inserts) {
      const values = rows.map(
        ({ series, at, value }) => `(${series}, fromUnixTimestamp64Milli(${at}), ${show(value)})`,
      );
      await clickhouse.execute(
        `INSERT INTO samples (series_id, timestamp, given) VALUES ${values.join(",")}`,
      );
      for (const { series, at, value } of rows) {
        const own = oracle.get(series) ?? new Map<number, string>();
        oracle.set(series, own.set(at, show(value)));
      }
    }
    if (merged) {
      await clickhouse.execute("SYSTEM START MERGES samples");
      await clickhouse.execute("OPTIMIZE TABLE samples FINAL");
      await clickhouse.execute("SYSTEM STOP MERGES samples");
    }
    const range = { start: base + from * hour, end: base + (from + hours) * hour };
    const querier = createQuerier(clickhouse, {
      hasHistograms: () => false,
      storedSeries: new StoredSeries(),
    });
    const matchers = [
      { name: "__name__", operator: "=" as const, value: "m" },
      ...(dense ? [] : [{ name: "group", operator: "=~" as const, value: "0|7" }]),
    ];
    const found = new Map<number, string[]>();
    for await (const { labels, timestamps, values } of querier.select(matchers, range, signal))
      found.set(
        Number(labels.n),
        [...timestamps].map((time, at) => `${show(values[at] ?? 0)}@${time}`),
      );
    const expected = new Map<number, string[]>();
    for (const [series, samples] of oracle) {
      if (!dense && series % 2 === 1) continue;
      const within = [...samples]
        .filter(([at]) => at >= range.start && at <= range.end)
        .sort(([a], [b]) => a - b)
        .map(([at, value]) => `${value}@${at}`);
      if (within.length > 0) expected.set(series, within);
    }
    const byNumber = (map: Map<number, string[]>) => [...map].sort(([a], [b]) => a - b);
    assert.deepEqual(byNumber(found), byNumber(expected));
  });
  await fc.assert(property, { numRuns: 30 });
});

const show = (value: number) =>
  Object.is(value, -0) ? "-0" : String(value).toLowerCase().replace("infinity", "inf");

test("what a selector found is remembered until another series is stored", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  const stored = new StoredSeries();
  const querier = createQuerier(clickhouse, { hasHistograms: () => false, storedSeries: stored });
  const names = async () => {
    const matchers = [{ name: "__name__", operator: "=~" as const, value: "(a|b)" }];
    const range = { start: base, end: base + hour };
    const found = await Array.fromAsync(querier.select(matchers, range, signal));
    return found.map(({ labels }) => labels.__name__).sort();
  };
  const add = async (id: number, name: string) => {
    await clickhouse.execute(`INSERT INTO series VALUES (toDate('${day}'), ${id}, '${name}', map())`);
    await clickhouse.execute(
      `INSERT INTO samples (series_id, timestamp, given) VALUES (${id}, fromUnixTimestamp64Milli(${base}), 1)`,
    );
  };
  await add(1, "a");
  assert.deepEqual(await names(), ["a"]);
  await add(2, "b");
  assert.deepEqual(await names(), ["a"]);
  stored.wrote();
  assert.deepEqual(await names(), ["a", "b"]);
});

test("a selector of most series reads ranges of ids and leaves out what it did not mean", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  await clickhouse.execute(`
    INSERT INTO series SELECT toDate('${day}'), sipHash64(number), if(number % 3 = 0, 'other', 'm'), map('n', toString(number))
    FROM numbers(4500)`);
  await clickhouse.execute(`
    INSERT INTO samples (series_id, timestamp, given) SELECT sipHash64(intDiv(number, 500)), fromUnixTimestamp64Milli(${base} + (number % 500) * 1000), number
    FROM numbers(4500 * 500)`);
  const querier = createQuerier(clickhouse, { hasHistograms: () => false, storedSeries: new StoredSeries() });
  const matchers = [{ name: "__name__", operator: "=" as const, value: "m" }];
  const seen = new Set<number>();
  for await (const { labels, timestamps, values } of querier.select(
    matchers,
    { start: base, end: base + hour },
    signal,
  )) {
    const n = Number(labels.n);
    assert.notEqual(n % 3, 0);
    assert.equal(timestamps.length, 500);
    assert.deepEqual([timestamps[0], timestamps[499]], [base, base + 499_000]);
    assert.deepEqual([values[0], values[499]], [n * 500, n * 500 + 499]);
    seen.add(n);
  }
  assert.equal(seen.size, 3000);
});
