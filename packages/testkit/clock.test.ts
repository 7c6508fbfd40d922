import assert from "node:assert/strict";
import { test } from "node:test";
import { repeat } from "@havn/model";
import { virtualClock } from "./clock.ts";

test("sleepers wake in order, each at its own time", async () => {
  const clock = virtualClock(0);
  const woken: [string, number][] = [];
  const sleeper = async (name: string, milliseconds: number) => {
    await clock.sleep(milliseconds);
    woken.push([name, clock.now()]);
  };
  const all = [sleeper("late", 300), sleeper("early", 100), sleeper("middle", 200)];
  await clock.advance(250);
  assert.deepEqual(woken, [
    ["early", 100],
    ["middle", 200],
  ]);
  assert.equal(clock.now(), 250);
  assert.equal(clock.sleepers, 1);
  await clock.advance(50);
  await Promise.all(all);
  assert.equal(clock.now(), 300);
});

test("a loop runs as often as its interval fits, and stops by its signal", async () => {
  const clock = virtualClock(0);
  const stopping = new AbortController();
  const runs: number[] = [];
  const work = async () => {
    await Promise.resolve();
    runs.push(clock.now());
  };
  const loop = repeat(work, { clock, interval: 1000, signal: stopping.signal });
  await clock.advance(3500);
  assert.deepEqual(runs, [0, 1000, 2000, 3000]);
  stopping.abort();
  await loop;
  assert.equal(clock.sleepers, 0);
});
