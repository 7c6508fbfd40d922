import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "@havn/response/testing";
import type { Planted } from "./testing/simulator/plane.ts";
import { type Outcome, simulate } from "./testing/simulator/simulate.ts";

/** `SIMULATED_FAULTS=10000` takes as many; see bench/README.md. */
const faults = Number(process.env.SIMULATED_FAULTS ?? 600);
const from = Number(process.env.SIMULATED_FROM ?? 1);
const faultsPerLife = 60;

test("whatever fails: no accepted event lost, no incident unpaged, nobody paged twice", async (t) => {
  const outcomes: Outcome[] = [];
  const caused = () => outcomes.flatMap((one) => Object.values(one.faults)).reduce((sum, n) => sum + n, 0);
  for (let seed = from; caused() < faults; seed++) {
    const outcome = await simulate(seed, { faults: faultsPerLife });
    assert.deepEqual(outcome.violations, [], `seed ${seed}`);
    outcomes.push(outcome);
  }
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0);
  const kinds = outcomes.reduce<Record<string, number>>((all, one) => {
    for (const [kind, count] of Object.entries(one.faults)) all[kind] = (all[kind] ?? 0) + count;
    return all;
  }, {});
  const incidents = sum((one) => one.incidents);
  assert.ok(incidents > outcomes.length, `${incidents} incidents prove nothing`);
  t.diagnostic(`${JSON.stringify(kinds)}, ${incidents} incidents, ${sum((one) => one.arrivals)} pages`);
});

/** Bugs of the kinds that such code has had elsewhere. */
const planted: Record<string, Planted> = {
  "a notification is confirmed before it is committed": { deliverEarly: true },
  "an answer never runs out": {
    decide: (page, now) =>
      page.state === "acknowledged" ? { kind: "wait", until: now + 3_600_000 } : decide(page, now),
  },
  "a try has another name each time": {
    attemptId: (() => {
      let last = 0;
      return () => String(++last).padStart(32, "0");
    })(),
  },
};

for (const [what, bug] of Object.entries(planted))
  test(`the simulator finds a bug that is planted: ${what}`, async (t) => {
    for (let seed = 1; seed <= 300; seed++) {
      const { violations } = await simulate(seed, { faults: faultsPerLife, planted: bug });
      if (violations.length === 0) continue;
      t.diagnostic(`seed ${seed}: ${violations[0]}`);
      return;
    }
    assert.fail("it was not found");
  });
