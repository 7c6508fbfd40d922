import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { createDueQueue } from "./queue.ts";
import { firstDelay, nextTurn } from "./spread.ts";

test("the queue gives what is due, the earliest first", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 })),
      fc.integer({ min: 0, max: 1000 }),
      (times, now) => {
        const queue = createDueQueue<number>();
        for (const at of times) queue.push(at, at);
        const taken: number[] = [];
        for (let item = queue.take(now); item !== undefined; item = queue.take(now)) taken.push(item);
        assert.deepEqual(
          taken,
          times.filter((at) => at <= now).sort((a, b) => a - b),
        );
        assert.equal(queue.size, times.length - taken.length);
      },
    ),
  );
});

test("ten thousand checks are spread evenly over ten seconds, one begins at once", () => {
  const perSecond = Array<number>(10).fill(0);
  for (let at = 0; at < 10_000; at++) {
    const delay = firstDelay(`shop/check/web-${at}`, 10_000, 10_000);
    perSecond[Math.floor(delay / 1000)] = (perSecond[Math.floor(delay / 1000)] ?? 0) + 1;
  }
  for (const count of perSecond) assert.ok(count > 850 && count < 1150, perSecond.join(" "));
  assert.equal(firstDelay("shop/check/web", 10_000, 1), 0);
});

test("a rhythm holds, and turns that were missed are left out", () => {
  assert.equal(nextTurn(1000, 500, 1100), 1500);
  assert.equal(nextTurn(1000, 500, 1500), 2000);
  assert.equal(nextTurn(1000, 500, 4321), 4500);
});
