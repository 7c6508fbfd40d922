import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { newReads } from "@havn/promql/querier";
import fc from "@havn/testkit/property";
import { createQuerier } from "./querier.ts";
import { SampleCache, slotMs } from "./sample-cache.ts";
import { StoredSeries } from "./stored-series.ts";

const signal = new AbortController().signal;
const base = Math.floor(Date.now() / 86_400_000 - 3) * 86_400_000;
const day = new Date(base).toISOString().slice(0, 10);
const seriesCount = 12;
const matchers = [{ name: "__name__", operator: "=" as const, value: "m" }];

interface Row {
  series: number;
  at: number;
  value: number;
}

// Few times and values, so that samples meet again and again, within slots and across them.
const row = fc.record({
  series: fc.nat(seriesCount - 1),
  at: fc.nat(40).map((n) => base + n * (slotMs / 4)),
  value: fc.constantFrom(1, 2, 3, -0, Number.NaN, Number.POSITIVE_INFINITY),
});
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 30 }), told: fc.constant(true) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 5 }), told: fc.constant(false) }),
  },
  { weight: 4, arbitrary: fc.record({ from: fc.nat(9), slots: fc.nat(4), odd: fc.nat(1) }) },
);

/** As segments hold them: id, milliseconds, value. */
function bytesOf(rows: readonly Row[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(rows.length * 24));
  for (const [at, { series, at: time, value }] of rows.entries()) {
    view.setBigUint64(at * 24, BigInt(series), true);
    view.setBigInt64(at * 24 + 8, BigInt(time), true);
    view.setFloat64(at * 24 + 16, value, true);
  }
  return new Uint8Array(view.buffer);
}

const show = (value: number) =>
  Object.is(value, -0) ? "-0" : String(value).toLowerCase().replace("infinity", "inf");

for (const [what, mostBytes] of [
  ["much", 10_000_000],
  ["next to nothing", 40_000],
] as const)
  test(`samples that are kept are those that are stored, whatever is written between; room for ${what}`, async () => {
    await using store = await openTestClickHouse();
    const { clickhouse } = store;
    await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
    await clickhouse.execute(`
      INSERT INTO series SELECT toDate('${day}'), number, 'm', map('n', toString(number)) FROM numbers(${seriesCount})`);
    const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      await clickhouse.execute("TRUNCATE TABLE samples");
      const cache = new SampleCache(mostBytes);
      const options = { hasHistograms: () => false, storedSeries: new StoredSeries() };
      const kept = createQuerier(clickhouse, { ...options, cache });
      const plain = createQuerier(clickhouse, options);
      for (const each of steps) {
        if ("rows" in each) {
          const values = each.rows.map(
            ({ series, at, value }) => `(${series}, fromUnixTimestamp64Milli(${at}), ${show(value)})`,
          );
          await clickhouse.execute(
            `INSERT INTO samples (series_id, timestamp, given) VALUES ${values.join(",")}`,
          );
          cache.wrote(each.told ? [bytesOf(each.rows)] : undefined);
          continue;
        }
        const start = base + each.from * slotMs + each.odd;
        const range = { start, end: start + each.slots * slotMs };
        assert.deepEqual(await all(kept, range), await all(plain, range));
        assert.ok(cache.bytes <= mostBytes, `${cache.bytes} bytes`);
      }
    });
    await fc.assert(property, { numRuns: 40 });
  });

async function all(querier: ReturnType<typeof createQuerier>, range: { start: number; end: number }) {
  const found: string[] = [];
  for await (const { labels, timestamps, values } of querier.select(matchers, range, signal))
    found.push(
      `${labels.n}: ${[...timestamps].map((time, at) => `${show(values[at] ?? 0)}@${time}`).join(" ")}`,
    );
  return found;
}

test("what is asked again is not read again, and follows what is written", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  await clickhouse.execute(`INSERT INTO series VALUES (toDate('${day}'), 1, 'm', map('n', '1'))`);
  const cache = new SampleCache(1_000_000);
  const querier = createQuerier(clickhouse, {
    hasHistograms: () => false,
    storedSeries: new StoredSeries(),
    cache,
  });
  const range = { start: base, end: base + 1000 };
  const write = async (rows: Row[], stored: boolean) => {
    const values = rows.map(
      ({ series, at, value }) => `(${series}, fromUnixTimestamp64Milli(${at}), ${value})`,
    );
    if (stored)
      await clickhouse.execute(
        `INSERT INTO samples (series_id, timestamp, given) VALUES ${values.join(",")}`,
      );
    cache.wrote([bytesOf(rows)]);
  };
  await write([{ series: 1, at: base, value: 5 }], true);
  assert.deepEqual(await all(querier, range), [`1: 5@${base}`]);
  // Told and not stored: it can come from memory alone.
  await write([{ series: 1, at: base + 10, value: 6 }], false);
  assert.deepEqual(await all(querier, range), [`1: 5@${base} 6@${base + 10}`]);
  await write([{ series: 1, at: base, value: 7 }], false);
  assert.deepEqual(await all(querier, range), [`1: 7@${base} 6@${base + 10}`]);
  cache.clear();
  assert.deepEqual(await all(querier, range), [`1: 5@${base}`]);
});

test("what a question takes from memory and from the store is told", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  await clickhouse.execute(`INSERT INTO series VALUES (toDate('${day}'), 1, 'm', map('n', '1'))`);
  await clickhouse.execute(`
    INSERT INTO samples (series_id, timestamp, given) SELECT 1, fromUnixTimestamp64Milli(${base} + number * 1000), number FROM numbers(100)`);
  const cache = new SampleCache(1_000_000);
  const querier = createQuerier(clickhouse, {
    hasHistograms: () => false,
    storedSeries: new StoredSeries(),
    cache,
  });
  const range = { start: base, end: base + 49_000 };
  const ask = async () => {
    const reads = newReads();
    for await (const batch of querier.selectBatches?.(matchers, range, { signal, reads }) ?? [])
      assert.equal(batch[0]?.values.length, 50);
    return reads;
  };
  const first = await ask();
  assert.deepEqual(first.index, { remembered: 0, searched: 1 });
  assert.equal(first.memory.samples, 0);
  // Whole half hours are read.
  assert.deepEqual([first.store.queries, first.store.samples], [1, 100]);
  assert.ok(first.store.bytes >= 2400);
  const second = await ask();
  assert.deepEqual(second.index, { remembered: 1, searched: 0 });
  assert.deepEqual(second.memory, { samples: 50, bytes: 104 });
  assert.equal(second.store.queries, 0);
});

const numbersOnly = fc.array(step, { minLength: 2, maxLength: 40 });

for (const mostBytes of [10_000_000, 40_000, 15_000])
  test(`memory of ${mostBytes} bytes holds what was written, whatever else is asked, and no more than that`, () => {
    fc.assert(
      fc.property(numbersOnly, (steps) => {
        const cache = new SampleCache(mostBytes);
        const stored = Array.from({ length: seriesCount }, () => new Map<number, number>());
        const ids = BigUint64Array.from({ length: seriesCount }, (_, series) => BigInt(series));
        for (const each of steps) {
          if ("rows" in each) {
            for (const { series, at, value } of each.rows) stored[series]?.set(at, value);
            cache.wrote(each.told ? [bytesOf(each.rows)] : undefined);
            continue;
          }
          const start = base + each.from * slotMs + each.odd;
          const range = { start, end: start + each.slots * slotMs };
          const numbers = cache.numbersOf(ids);
          let reading = cache.open(numbers, range);
          if (reading.missing) {
            const { places, range: missing } = reading.missing;
            const columns = places.map((place) => columnsIn(stored[place], missing));
            const own = Int32Array.from(places, (place) => numbers[place] ?? 0);
            cache.put(own, columns, { range: missing, asOf: cache.written });
            reading = cache.open(numbers, range);
          }
          assert.ok(cache.bytes <= mostBytes, `${cache.bytes} bytes`);
          if (reading.missing) continue;
          const found = [...reading.batches({ reuse: false })].flat();
          assert.deepEqual(
            found.map((own) => own && [[...own.timestamps], [...own.values]]),
            stored.map((samples) => {
              const { timestamps, values } = columnsIn(samples, range);
              return timestamps.length > 0 ? [[...timestamps], [...values]] : undefined;
            }),
          );
        }
      }),
      { numRuns: 400 },
    );
  });

function columnsIn(samples: ReadonlyMap<number, number> | undefined, range: { start: number; end: number }) {
  const own = [...(samples ?? [])]
    .filter(([at]) => at >= range.start && at <= range.end)
    .sort(([a], [b]) => a - b);
  return {
    timestamps: Float64Array.from(own, ([at]) => at),
    values: Float64Array.from(own, ([, value]) => value),
  };
}
