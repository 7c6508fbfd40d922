import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import type { Samples } from "./evaluate/columns.ts";
import { findFunction } from "./functions/index.ts";
import { quantileOfSorted, Sum, sortNaNFirst } from "./functions/sums.ts";

/** Whole numbers, which have exact sums, and others; NaN, both zeros and infinities among them. */
const values = fc.oneof(
  fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 40 }),
  fc.array(fc.constantFrom(0, -0, 1, 1, 2.5, -3.1, Number.NaN, Number.POSITIVE_INFINITY, 1e16), {
    minLength: 1,
    maxLength: 40,
  }),
  fc.array(fc.double(), { minLength: 1, maxLength: 40 }),
);

/** Windows that only move forward, as indexes. */
const moves = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), {
  maxLength: 40,
});

const first = (held: readonly number[], better: (value: number, than: number) => boolean): number =>
  held.reduce((best, value) => (better(value, best) || Number.isNaN(best) ? value : best));
const count = (held: readonly number[], differs: (value: number, before: number) => boolean): number =>
  held.filter((value, i) => i > 0 && differs(value, held[i - 1] ?? 0)).length;
function sum(held: readonly number[]): number {
  const total = new Sum();
  for (const value of held) total.add(value);
  return total.total;
}

/** Each function as it is written down: over the samples of one window, by themselves. */
const definitions: Record<string, (held: number[]) => number> = {
  max_over_time: (held) => first(held, (value, than) => value > than),
  min_over_time: (held) => first(held, (value, than) => value < than),
  ts_of_max_over_time: (held) => held.lastIndexOf(first(held, (value, than) => value > than)),
  ts_of_min_over_time: (held) => held.lastIndexOf(first(held, (value, than) => value < than)),
  quantile_over_time: (held) => quantileOfSorted(0.7, sortNaNFirst(Float64Array.from(held))),
  sum_over_time: sum,
  changes: (held) => count(held, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b))),
  resets: (held) => count(held, (a, b) => a < b),
  mad_over_time(held) {
    if (held.some(Number.isNaN)) return Number.NaN;
    const median = quantileOfSorted(0.5, sortNaNFirst(Float64Array.from(held)));
    const deviations = held.map((value) => Math.abs(value - median));
    return quantileOfSorted(0.5, sortNaNFirst(Float64Array.from(deviations)));
  },
};

for (const [name, define] of Object.entries(definitions))
  test(`${name} over windows that slide equals, to the bit, the function of each window`, () => {
    fc.assert(
      fc.property(values, moves, (all, steps) => {
        const samples: Samples = {
          timestamps: Float64Array.from(all, (_, i) => i * 1000),
          values: Float64Array.from(all),
        };
        const definition = findFunction(name);
        assert.equal(definition?.kind, "range");
        if (definition?.kind !== "range") return;
        const apply = definition.open(samples);
        let [from, to] = [0, 0];
        for (const [forward, wider] of steps) {
          from = Math.min(from + forward, all.length - 1);
          to = Math.min(Math.max(to, from + 1) + wider, all.length);
          const held = all.slice(from, to);
          const expected = define(held);
          const index = held.every(Number.isNaN) ? held.length - 1 : expected;
          const window = { from, to, start: 0, end: 0, at: 0 };
          const actual = apply(window, [0.7]);
          assert.ok(
            Object.is(actual, name.startsWith("ts_of") ? from + index : expected),
            `${actual} ≠ ${expected} in [${held}]`,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
