import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { rowFunctions } from "./evaluate/rows/functions.ts";
import { sharedWindows } from "./evaluate/rows/windows.ts";
import { slide } from "./evaluate/windows.ts";
import { findFunction } from "./functions/index.ts";

/** Counters that begin anew, gauges, both zeros, infinities: whatever a series of numbers holds but NaN. */
const value = fc.oneof(
  fc.integer({ min: -3, max: 6 }),
  fc.constantFrom(0, -0, 2.5, 1e16, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double({ noNaN: true }),
);
/** Counters that begin anew again and again. */
const count = fc.nat(9);
const samples = fc
  .oneof(
    ...[value, count].map((each) =>
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), each), { minLength: 1, maxLength: 60 }),
    ),
  )
  .map((all) => {
    let time = 0;
    return {
      timestamps: Float64Array.from(all, ([gap]) => (time += gap)),
      values: Float64Array.from(all, ([, value]) => value),
    };
  });
const grids = fc.record({
  base: fc.integer({ min: -50_000, max: 600_000 }),
  stride: fc.constantFrom(0, 1, 1000, 15_000, 60_000),
  count: fc.integer({ min: 1, max: 40 }),
  rangeMs: fc.constantFrom(1, 15_000, 60_000, 300_000),
});

for (const [name, rowFunction] of Object.entries(rowFunctions))
  test(`${name} over whole rows equals, to the bit, what it is window by window`, () => {
    const definition = findFunction(name);
    assert.ok(definition?.kind === "range");
    fc.assert(
      fc.property(samples, grids, (series, { base, stride, count, rangeMs }) => {
        const grid = { start: base, step: stride, count };
        const empty = () => ({
          labels: {},
          values: new Float64Array(count),
          present: new Uint8Array(count),
          dropName: false,
        });
        const [expected, actual] = [empty(), empty()];
        const vector = { reference: { base, stride }, rangeMs, behindMs: 0, aheadMs: 0 };
        const any = slide(
          { vector, samples: series, column: expected, scalars: [], grid },
          definition.open(series),
        );
        const windowsOf = sharedWindows({ base, stride, count, rangeMs });
        assert.equal(rowFunction(series.values, windowsOf(series.timestamps), actual), any);
        assert.deepEqual(actual.present, expected.present);
        for (let i = 0; i < count; i++)
          assert.ok(
            Object.is(actual.values[i], expected.values[i]),
            `${actual.values[i]} ≠ ${expected.values[i]} at ${i}`,
          );
      }),
      { numRuns: 500 },
    );
  });

test("equal times share their windows, whatever comes between", () => {
  const windowsOf = sharedWindows({ base: 0, stride: 10, count: 5, rangeMs: 20 });
  const [a, b] = [Float64Array.of(1, 12, 30), Float64Array.of(1, 12, 31)];
  const first = windowsOf(a);
  assert.notEqual(windowsOf(b), first);
  assert.equal(windowsOf(a.slice()), first);
  assert.deepEqual([...windowsOf(b).to], [0, 1, 2, 2, 3]);
});
