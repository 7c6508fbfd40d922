import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "@havn/testkit";
import { passGate } from "./gate.ts";

/** Asks a gate whose expression gives `values` in turn, the last one for ever. What it told, how often it was asked. */
async function ask(values: readonly number[], { holds, timeout }: { holds: string; timeout: string }) {
  let asked = 0;
  let ended = false;
  const clock = virtualClock(0);
  const told: string[] = [];
  const gates = {
    query: async () => [values[Math.min(asked++, values.length - 1)] ?? 0],
    alerts: () => [],
  };
  const passing = passGate(
    { expr: "ready", holds, timeout },
    { ...{ environment: "shop", hosts: ["a"], gates, clock }, tell: (detail) => told.push(detail) },
  ).then((outcome) => {
    ended = true;
    return { outcome, told, took: clock.now() };
  });
  while (!ended) await clock.advance(500);
  return passing;
}

test("a gate passes once it held without a break for as long as it must", async () => {
  const { outcome, told, took } = await ask([0, 1, 1, 0, 1], { holds: "2s", timeout: "1m" });
  assert.equal(outcome, null);
  assert.equal(took, 4000, "what held before the break does not count");
  assert.equal(told[0], "ready gives 0");
  assert.match(told[1] ?? "", /^holds for 0m?s of 2s$/);
  assert.equal(told[3], "ready gives 0");
});

test("a gate that holds too short a time until its timeout does not pass", async () => {
  const { outcome } = await ask([0, 0, 0, 1], { holds: "1m", timeout: "5s" });
  assert.equal(outcome, "the gate did not pass within 5s: it held for less than 1m");
});

test("a gate without a time to hold passes at once", async () => {
  assert.deepEqual(await ask([1], { holds: "0s", timeout: "5s" }), { outcome: null, told: [], took: 0 });
});

test("an expression that is not evaluated in time does not hold the gate up for longer", async () => {
  const clock = virtualClock(0);
  const told: string[] = [];
  let ended = false;
  const gates = {
    query: ({ signal }: { signal: AbortSignal }) =>
      new Promise<number[]>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    alerts: () => [],
  };
  const passing = passGate(
    { expr: "ready", holds: "0s", timeout: "15s" },
    { ...{ environment: "shop", hosts: ["a"], gates, clock }, tell: (detail) => told.push(detail) },
  ).finally(() => {
    ended = true;
  });
  while (!ended) await clock.advance(500);
  assert.match((await passing) ?? "", /did not pass within 15s: ready cannot be evaluated: .*10000 ms/);
  assert.equal(told.length, 1);
});
