import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { combine, divided, scaled } from "./arithmetic.ts";
import { histogramFraction } from "./fraction.ts";
import {
  compact,
  customSchema,
  equalHistograms,
  exponentialBound,
  type Histogram,
  noBuckets,
} from "./histogram.ts";
import { HistogramMean } from "./mean.ts";
import { histogramQuantile } from "./quantile.ts";
import { isReset } from "./reset.ts";
import { HistogramSum } from "./sum.ts";
import { trimmed } from "./trim.ts";
import { bucketsOf } from "./walk.ts";

const side = fc
  .array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 0, max: 9 })), { maxLength: 8 })
  .map((pairs) => {
    const byIndex = [...new Map(pairs)].sort(([a], [b]) => a - b);
    return compact(
      byIndex.map(([index]) => index),
      byIndex.map(([, count]) => count),
    );
  });
const sumOf = ({ counts }: Histogram["positive"]) => counts.reduce((sum, count) => sum + count, 0);

const exponential = fc
  .record({
    schema: fc.integer({ min: -2, max: 3 }),
    zeroThreshold: fc.constantFrom(0, 0.001, 0.5, 3),
    zeroCount: fc.integer({ min: 0, max: 5 }),
    positive: side,
    negative: side,
    sum: fc.integer({ min: -100, max: 100 }),
  })
  .map((parts): Histogram => {
    // What lies inside the zero bucket is counted there.
    const outside = ({ indexes, counts }: Histogram["positive"]) =>
      compact(
        indexes,
        counts.map((count, i) =>
          exponentialBound(indexes[i] ?? 0, parts.schema) > parts.zeroThreshold ? count : 0,
        ),
      );
    const [positive, negative] = [outside(parts.positive), outside(parts.negative)];
    const count = parts.zeroCount + sumOf(positive) + sumOf(negative);
    return { ...parts, positive, negative, count, hint: "unknown", customBounds: [] };
  });

const custom = fc
  .record({
    bounds: fc.uniqueArray(fc.integer({ min: -5, max: 10 }), { minLength: 1, maxLength: 5 }),
    counts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 6 }),
    sum: fc.integer({ min: -100, max: 100 }),
  })
  .map(({ bounds, counts, sum }): Histogram => {
    const positive = compact(
      counts.map((_, i) => i),
      counts.slice(0, bounds.length + 1),
    );
    const customBounds = bounds.sort((a, b) => a - b);
    const zero = { zeroThreshold: 0, zeroCount: 0, negative: noBuckets };
    return {
      schema: customSchema,
      count: sumOf(positive),
      sum,
      ...zero,
      hint: "unknown",
      positive,
      customBounds,
    };
  });

const pairs = fc.oneof(fc.tuple(exponential, exponential), fc.tuple(custom, custom));
const observed = (histogram: Histogram) => bucketsOf(histogram).reduce((sum, { count }) => sum + count, 0);

test("a sum holds what both hold, in either order", () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const [ab, ba] = [combine(a, b, 1)?.total, combine(b, a, 1)?.total];
      assert.ok(ab && ba);
      assert.equal(observed(ab), a.count + b.count);
      assert.equal(ab.count, a.count + b.count);
      assert.ok(equalHistograms(ab, ba));
    }),
    { numRuns: 500 },
  );
});

test("what was added and taken away again leaves the same, at the resolution of both", () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const sum = combine(a, b, 1)?.total;
      const back = sum && combine(sum, b, -1)?.total;
      assert.ok(back);
      const same = combine(a, scaled(b, 0), 1)?.total;
      assert.equal(back.count, same?.count);
      assert.equal(observed(back), a.count);
    }),
    { numRuns: 500 },
  );
});

test("exponential and custom buckets do not go together", () => {
  fc.assert(fc.property(exponential, custom, (a, b) => assert.equal(combine(a, b, 1), undefined)));
});

test("a counter that only grows has no reset; one that lost a bucket has", () => {
  fc.assert(
    fc.property(pairs, ([a, more]) => {
      const grown = combine(a, more, 1)?.total;
      assert.ok(grown);
      if (grown.schema === a.schema && grown.zeroThreshold === a.zeroThreshold)
        assert.equal(isReset(grown, a), false);
      if (a.positive.counts.length > 0) assert.equal(isReset({ ...a, positive: noBuckets }, a), true);
    }),
    { numRuns: 500 },
  );
});

test("quantiles rise, and the share below a quantile is that quantile", () => {
  fc.assert(
    fc.property(fc.oneof(exponential, custom), (histogram) => {
      if (histogram.count === 0) return;
      let before = Number.NEGATIVE_INFINITY;
      for (let q = 0; q <= 1; q += 0.05) {
        const { value } = histogramQuantile(q, histogram);
        assert.ok(value >= before - 1e-9 * Math.abs(before), `quantile ${q}: ${value} < ${before}`);
        before = value;
        const inside = bucketsOf(histogram).some(({ lower, upper }) => lower < value && value < upper);
        const bounded = Math.abs(value) < 1e300 && histogram.customBounds.every((bound) => bound > 0);
        if (!inside || !bounded || histogram.schema === customSchema) continue;
        const share = histogramFraction(Number.NEGATIVE_INFINITY, value, histogram).value;
        assert.ok(Math.abs(share - q) < 1e-6, `share below quantile ${q} is ${share}`);
      }
    }),
    { numRuns: 300 },
  );
});

test("the two halves of a histogram that is cut hold what it held", () => {
  fc.assert(
    fc.property(exponential, fc.double({ min: -100, max: 100, noNaN: true }), (histogram, bound) => {
      const [below, above] = [trimmed(histogram, bound, "below"), trimmed(histogram, bound, "above")];
      assert.ok(Math.abs(below.count + above.count - histogram.count) < 1e-9 * Math.max(1, histogram.count));
    }),
    { numRuns: 500 },
  );
});

test("sums do not lose small terms, means do not overflow", () => {
  const one = (sum: number): Histogram => ({
    schema: 0,
    count: 1,
    sum,
    zeroThreshold: 0,
    zeroCount: 0,
    hint: "unknown",
    positive: compact([1], [sum]),
    negative: noBuckets,
    customBounds: [],
  });
  const sum = new HistogramSum(one(1));
  for (const value of [1e100, 1, -1e100]) sum.add(one(value));
  assert.equal(sum.total.sum, 2);
  assert.equal(sum.total.positive.counts[0], 2);
  const mean = new HistogramMean(one(1.5e308));
  for (let i = 0; i < 3; i++) mean.add(one(1.5e308));
  assert.ok(Math.abs(mean.total.sum / 1.5e308 - 1) < 1e-12);
  assert.equal(divided(one(3), 0).positive, noBuckets);
});
