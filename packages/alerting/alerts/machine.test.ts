import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseDuration } from "@havn/model";
import { type AlertRecord, advance, type Condition, transition } from "./machine.ts";

const text = readFileSync(new URL("./cases/states.txt", import.meta.url), "utf8");

for (const block of text.trim().split(/\n\n+/)) {
  const [title = "", wait = "", ...steps] = block.split("\n");
  test(title.replace("# ", ""), () => {
    const condition: Condition = {
      fingerprint: "f",
      rule: "r",
      environment: "shop",
      severity: "warning",
      summary: "s",
      labels: {},
      forMs: parseDuration(wait.replace("for ", "")),
    };
    let record: AlertRecord | undefined;
    for (const step of steps) {
      const match = /^(\S+) (active|gone) -> (\w+)(?:: (\w+))?$/.exec(step);
      assert.ok(match, `cannot read "${step}"`);
      const [, at = "", what, state, told] = match;
      const next = advance(record, {
        scope: "test",
        condition: what === "active" ? condition : undefined,
        now: parseDuration(at),
      });
      assert.equal(next?.state ?? "inactive", state, step);
      assert.equal(transition(record, next), told, step);
      record = next;
    }
    assert.ok(steps.length > 0);
  });
}
