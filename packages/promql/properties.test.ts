import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { createPromqlEngine } from "./engine.ts";
import { memoryQuerier } from "./testing/index.ts";

interface Point {
  at: number;
  value: number;
}

/** A counter with irregular scrapes, gaps and resets. Times in milliseconds. */
const counter = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 40_000 }),
      more: fc.integer({ min: 0, max: 1000 }),
      reset: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    const points: Point[] = [];
    let [at, value] = [0, 0];
    for (const { gap, more, reset } of steps) {
      at += gap;
      value = reset ? more : value + more;
      points.push({ at, value });
    }
    return points;
  });

/** Written straight from the documentation, one window at a time. */
function increaseOracle(points: readonly Point[], start: number, end: number): number | undefined {
  const inside = points.filter(({ at }) => at > start && at <= end);
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last || inside.length < 2) return undefined;
  let change = last.value - first.value;
  for (const [i, { value }] of inside.entries()) {
    const before = inside[i - 1]?.value ?? 0;
    if (i > 0 && value < before) change += before;
  }
  // In seconds, as there: where a distance is 1.1 times the mean exactly, rounding decides.
  const covered = (last.at - first.at) / 1000;
  const mean = covered / (inside.length - 1);
  const [toFirst, fromLast] = [(first.at - start) / 1000, (end - last.at) / 1000];
  let before = toFirst >= mean * 1.1 ? mean / 2 : toFirst;
  if (change > 0) before = Math.min(before, (covered * first.value) / change);
  const after = fromLast >= mean * 1.1 ? mean / 2 : fromLast;
  return (change * (covered + before + after)) / covered;
}

function close(actual: number | undefined, expected: number | undefined): void {
  if (actual === undefined || expected === undefined) assert.equal(actual, expected);
  else
    assert.ok(
      Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
      `${actual} ≠ ${expected}`,
    );
}

const samplesOf = (points: readonly Point[]) => points.map(({ at, value }) => ({ timestamp: at, value }));

test("increase and rate equal the definition at every step", async () => {
  await fc.assert(
    fc.asyncProperty(
      counter,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 90_000 }),
      async (points, seconds, stepMs) => {
        const querier = memoryQuerier();
        querier.add({ __name__: "c_total" }, samplesOf(points));
        const engine = createPromqlEngine({ querier });
        const window = { startMs: 0, endMs: stepMs * 50, stepMs };
        const increase = await engine.range(`increase(c_total[${seconds}s])`, window);
        const rate = await engine.range(`rate(c_total[${seconds}s])`, window);
        for (let at = 0; at <= window.endMs; at += stepMs) {
          const expected = increaseOracle(points, at - seconds * 1000, at);
          const [a, b] = [increase, rate].map(({ matrix: [series] }) => {
            const index = series?.timestamps.indexOf(at) ?? -1;
            return index < 0 ? undefined : series?.values[index];
          });
          close(a, expected);
          close(b, expected === undefined ? undefined : expected / seconds);
        }
      },
    ),
    {
      numRuns: 150,
      examples: [
        [
          [
            { at: 1, value: 0 },
            { at: 2, value: 0 },
            { at: 20, value: 0 },
            { at: 31, value: 1 },
          ],
          1,
          1,
        ],
      ],
    },
  );
});

test("sums and means by label equal those of the values themselves", async () => {
  const series = fc.array(
    fc.record({ group: fc.constantFrom("a", "b", "c"), value: fc.integer({ min: -1e6, max: 1e6 }) }),
    { minLength: 1, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(series, async (all) => {
      const querier = memoryQuerier();
      for (const [i, { group, value }] of all.entries())
        querier.add({ __name__: "m", group, i: String(i) }, [{ timestamp: 0, value }]);
      const engine = createPromqlEngine({ querier });
      for (const [operator, combine] of [
        ["sum", (values: number[]) => values.reduce((a, b) => a + b, 0)],
        ["max", (values: number[]) => Math.max(...values)],
        ["avg", (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length],
        ["count", (values: number[]) => values.length],
      ] as const) {
        const result = await engine.instant(`${operator} by (group) (m)`, 0);
        assert.equal(result.type, "vector");
        const groups = Object.groupBy(all, ({ group }) => group);
        assert.equal(result.type === "vector" && result.vector.length, Object.keys(groups).length);
        for (const { labels, value } of result.type === "vector" ? result.vector : [])
          close(value, combine((groups[labels.group as "a"] ?? []).map((entry) => entry.value)));
      }
    }),
    { numRuns: 100 },
  );
});

test("a range query gives at each step what an instant query gives there", async () => {
  const expressions = [
    "c_total",
    "sum(rate(c_total[1m])) or vector(1)",
    "max_over_time(rate(c_total[30s])[2m:15s])",
    "c_total > 500 unless c_total offset 30s > 800",
    "topk(1, {__name__=~'c_total|d_total'})",
    "histogram_quantile(0.9, label_replace(c_total, 'le', '+Inf', '', ''))",
  ];
  await fc.assert(
    fc.asyncProperty(counter, counter, fc.constantFrom(...expressions), async (c, d, expr) => {
      const querier = memoryQuerier();
      querier.add({ __name__: "c_total" }, samplesOf(c));
      querier.add({ __name__: "d_total", host: "x" }, samplesOf(d));
      const engine = createPromqlEngine({ querier });
      const { matrix } = await engine.range(expr, { startMs: 0, endMs: 300_000, stepMs: 20_000 });
      for (let at = 0; at <= 300_000; at += 20_000) {
        const instant = await engine.instant(expr, at);
        const single = instant.type === "vector" ? instant.vector : [];
        const fromRange = matrix.flatMap(({ labels, timestamps, values }) => {
          const index = timestamps.indexOf(at);
          return index < 0 ? [] : [JSON.stringify([labels, values[index]])];
        });
        assert.deepEqual(
          fromRange.sort(),
          single.map(({ labels, value }) => JSON.stringify([labels, value])).sort(),
        );
      }
    }),
    { numRuns: 100 },
  );
});
