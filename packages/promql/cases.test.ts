import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { runScript } from "./testing/index.ts";

for (const file of globSync(new URL("./cases/*.test", import.meta.url).pathname).sort()) {
  test(`cases: ${basename(file)}`, async () => {
    const outcomes = await runScript(readFileSync(file, "utf8"));
    assert.ok(outcomes.length > 0, "the file holds no evaluation");
    const wrong = outcomes.filter(({ result }) => result !== "passed");
    assert.deepEqual(
      wrong.map(({ line, expr, reason }) => `line ${line}: ${expr}: ${reason}`),
      [],
    );
  });
}

test("the runner sees what is wrong", async () => {
  const [wrongValue, missing, wronglyFailing] = await runScript(
    "load 1m\n  a 1\n\neval instant at 0 a\n  a 2\n\neval instant at 0 a\n  a 1\n  b 1\n\neval instant at 0 a\n  expect fail\n",
  );
  assert.deepEqual(
    [wrongValue?.result, missing?.result, wronglyFailing?.result],
    ["failed", "failed", "failed"],
  );
});
