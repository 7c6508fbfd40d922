import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type CheckMemory, type CheckState, checkStates } from "@havn/model";
import fc from "@havn/testkit/property";
import { flapPercent } from "./flapping.ts";
import { advanceCheck, type CheckRules } from "./machine.ts";
import { nagiosService } from "./testing/oracle.ts";

const text = readFileSync(new URL("./cases/states.txt", import.meta.url), "utf8");

for (const block of text.trim().split(/\n\n+/)) {
  const [title = "", ...lines] = block.split("\n");
  test(title.replace("# ", ""), () => {
    let rules: CheckRules = { attempts: 1, flapping: false, volatile: false };
    let memory: CheckMemory | undefined;
    for (const [at, line] of lines.entries()) {
      const [, setting, first, second] =
        /^(attempts|flapping|volatile)(?: (\d+))?(?: (\d+))?$/.exec(line) ?? [];
      if (setting === "attempts") rules = { ...rules, attempts: Number(first) };
      else if (setting === "flapping")
        rules = { ...rules, flapping: { low: Number(first), high: Number(second) } };
      else if (setting === "volatile") rules = { ...rules, volatile: true };
      else {
        const [, state, expected] = /^(\w+) -> (.*)$/.exec(line) ?? [];
        const step = advanceCheck(memory, { state: state as CheckState, at }, rules);
        memory = step.memory;
        const told = step.news ? `: ${step.news}` : "";
        assert.equal(
          `${memory.state} ${memory.hard ? "hard" : "soft"} ${memory.attempt}${told}`,
          expected,
          line,
        );
      }
    }
  });
}

test("weights: one change is worth 3.75 per cent when it is oldest and 6.25 when it is newest", () => {
  const quiet = Array<CheckState>(20).fill("ok");
  assert.equal(flapPercent(["critical", ...quiet]), 3.75);
  assert.equal(flapPercent([...quiet, "critical"]), 6.25);
  assert.equal(
    Math.round(flapPercent(Array.from({ length: 21 }, (_, at) => (at % 2 ? "ok" : "critical")))),
    100,
  );
  assert.equal(flapPercent(["critical"]), 0);
});

test("the same as Nagios' algorithm, written plainly, over any history", () => {
  const state = fc.constantFrom(...checkStates);
  fc.assert(
    fc.property(
      fc.array(state, { maxLength: 120 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.option(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 10, max: 60 }))),
      (results, attempts, isVolatile, limits) => {
        const flapping = limits === null ? false : { low: Math.min(...limits), high: Math.max(...limits) };
        const rules = { attempts, volatile: isVolatile, flapping } as const;
        const oracle = nagiosService(rules);
        let memory: CheckMemory | undefined;
        for (const [at, result] of results.entries()) {
          const step = advanceCheck(memory, { state: result, at }, rules);
          memory = step.memory;
          assert.deepEqual(
            {
              hard: memory.hard,
              attempt: memory.attempt,
              hardState: memory.hardState,
              flapping: memory.flapping,
              percent: memory.flapPercent.toFixed(6),
              news: step.news,
            },
            oracle(result),
          );
        }
      },
    ),
    { numRuns: 2000 },
  );
});
