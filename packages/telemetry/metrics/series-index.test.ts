import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import type { Matcher } from "@havn/promql/querier";
import fc from "@havn/testkit/property";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import { createSeriesIndex } from "./series-index.ts";
import { StoredSeries } from "./stored-series.ts";

const dayMs = 86_400_000;
// Lately: the table lets go of what is old.
const firstDay = Math.floor(Date.now() / dayMs) - 3;
const { signal } = new AbortController();

interface Row {
  day: number;
  id: bigint;
  name: string;
  job: string;
}

function bytesOf(rows: readonly Row[]): Uint8Array {
  const writer = new ByteWriter(256);
  for (const { day, id, name, job } of rows) {
    writer.uint16(day);
    writer.uint32(Number(id));
    writer.uint32(0);
    writer.string(name);
    writer.varint(1);
    for (const text of ["job", job]) writer.string(text);
  }
  return writer.view();
}

test("what is remembered is what a search finds, whatever is stored in between", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  const row = fc.record({
    ...{ day: fc.integer({ min: firstDay, max: firstDay + 2 }), number: fc.integer({ min: 1, max: 12 }) },
    told: fc.boolean(),
  });
  const matcher: fc.Arbitrary<Matcher> = fc.record({
    name: fc.constantFrom("__name__", "job", "absent"),
    operator: fc.constantFrom("=", "!=", "=~", "!~"),
    value: fc.constantFrom("a", "b", "", "a|c", "b.*"),
  });
  const question = fc.record({
    ...{ matchers: fc.array(matcher, { minLength: 1, maxLength: 2 }), from: fc.integer({ min: 0, max: 2 }) },
    days: fc.integer({ min: 0, max: 2 }),
  });
  const round = fc.tuple(fc.array(row, { maxLength: 3 }), fc.integer({ min: 0, max: 3 }));
  const property = fc.asyncProperty(
    fc.array(question, { minLength: 4, maxLength: 4 }),
    fc.array(round, { minLength: 1, maxLength: 8 }),
    async (questions, rounds) => {
      await clickhouse.execute("TRUNCATE TABLE series");
      const stored = new StoredSeries();
      const index = createSeriesIndex(clickhouse, { stored, most: 1_000 });
      for (const [added, asked] of rounds) {
        // The labels follow from the id, as they do in the tables.
        const rows = added.map(({ day, number }) => {
          return { day, id: BigInt(number), name: "abc"[number % 3] ?? "", job: "ab"[number % 2] ?? "" };
        });
        for (const { day, id, name, job } of rows)
          await clickhouse.execute(
            `INSERT INTO series VALUES (toDate(${day}), ${id}, '${name}', map('job', '${job}'))`,
          );
        if (rows.length > 0) stored.wrote(added.every(({ told }) => told) ? [bytesOf(rows)] : undefined);
        const { matchers, from, days } = questions[asked] ?? { matchers: [], from: 0, days: 0 };
        const start = (firstDay + from) * dayMs;
        const range = { start, end: start + days * dayMs };
        const found = await index.find(matchers, range, signal);
        const searched = await index.search([matchers], range, signal);
        assert.deepEqual([...found.ids], [...searched.ids]);
        assert.deepEqual(found.labels, searched.labels);
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test("a series that a selector does not want leaves what it found", async () => {
  await using store = await openTestClickHouse();
  const { clickhouse } = store;
  await migrate(clickhouse, "telemetry", new URL("../migrations/", import.meta.url));
  const stored = new StoredSeries();
  const index = createSeriesIndex(clickhouse, { stored, most: 1_000 });
  const matchers: Matcher[] = [{ name: "__name__", operator: "=", value: "a" }];
  const range = { start: firstDay * dayMs, end: firstDay * dayMs + 1 };
  const find = () => index.find(matchers, range, signal);
  const add = async (one: Row) => {
    await clickhouse.execute(
      `INSERT INTO series VALUES (toDate(${one.day}), ${one.id}, '${one.name}', map('job', '${one.job}'))`,
    );
    stored.wrote([bytesOf([one])]);
  };
  await add({ day: firstDay, id: 1n, name: "a", job: "x" });
  const first = await find();
  assert.equal(first.ids.length, 1);
  await add({ day: firstDay, id: 2n, name: "b", job: "x" });
  await add({ day: firstDay + 1, id: 3n, name: "a", job: "x" });
  await add({ day: firstDay, id: 1n, name: "a", job: "x" });
  assert.equal(await find(), first, "another name, another day, and one that it has");
  await add({ day: firstDay, id: 4n, name: "a", job: "y" });
  assert.deepEqual([...(await find()).ids], [1n, 4n]);
});
