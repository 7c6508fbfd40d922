import assert from "node:assert/strict";
import { test } from "node:test";
import { together } from "./together.ts";

test("what is asked at the same time is done at once, and what is asked meanwhile goes after it", async () => {
  const calls: string[] = [];
  const first = Promise.withResolvers<void>();
  const shout = together(async (words: readonly string[]) => {
    calls.push(words.join());
    if (calls.length === 1) await first.promise;
    return words.map((word) => word.toUpperCase());
  });
  const early = Promise.all([shout("a"), shout("b")]);
  await Promise.resolve();
  const late = Promise.all([shout("c"), shout("d")]);
  first.resolve();
  assert.deepEqual(
    [await early, await late],
    [
      ["A", "B"],
      ["C", "D"],
    ],
  );
  assert.deepEqual(calls, ["a,b", "c,d"]);
});

test("a failure is everybody's who asked along, and nobody's after it", async () => {
  let broken = true;
  const work = together(async (asked: readonly number[]) => {
    if (broken) throw new Error("away");
    return asked;
  });
  const told = await Promise.allSettled([work(1), work(2)]);
  assert.deepEqual(
    told.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  broken = false;
  assert.equal(await work(3), 3);
});
