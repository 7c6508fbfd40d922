import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "@havn/model";
import { virtualClock } from "@havn/testkit";
import { createTurns } from "./turns.ts";

const settled = async () => {
  for (let round = 0; round < 10; round++) await setImmediate();
};

test("one works at a time, in their order; who waits long hears for whom, and when its turn has come", async () => {
  const clock = virtualClock(0);
  const turns = createTurns({ clock });
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const told: unknown[] = [];
  const one = turns.take(
    "one",
    () => first.promise,
    (before) => told.push(["one", before]),
  );
  const two = turns.take(
    "two",
    () => second.promise,
    (before) => told.push(["two", before]),
  );
  const three = turns.take(
    "three",
    async () => "3",
    (before) => told.push(["three", before]),
  );
  await settled();
  assert.deepEqual(told, [], "not worth a word yet");
  await clock.advance(1000);
  await settled();
  assert.deepEqual(told.splice(0), [
    ["two", "one"],
    ["three", "one"],
  ]);
  await clock.advance(5000);
  await settled();
  assert.deepEqual(told, [], "said once");
  first.resolve("1");
  assert.equal(await one, "1");
  await settled();
  assert.deepEqual(told.splice(0), [["two", undefined]]);
  await clock.advance(1000);
  await settled();
  assert.deepEqual(told.splice(0), [["three", "two"]]);
  second.reject(new Error("two failed"));
  await assert.rejects(two, /two failed/);
  assert.equal(await three, "3", "what fails lets the next one go on");
  assert.deepEqual(told, [["three", undefined]]);
});

test("a short wait is not told", async () => {
  const told: unknown[] = [];
  const turns = createTurns({ clock: systemClock });
  await Promise.all([
    turns.take("one", async () => {}),
    turns.take(
      "two",
      async () => {},
      (before) => told.push(before),
    ),
  ]);
  assert.deepEqual(told, []);
});
