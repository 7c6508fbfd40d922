import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { checkProperties, parseDuration } from "@havn/model";
import { heartbeatToken, overdue } from "./heartbeat.ts";

// Times count from 0. `heard T`, `started T`, `at T -> what is late`.
const text = readFileSync(new URL("./cases/heartbeats.txt", import.meta.url), "utf8");
for (const block of text.trim().split(/\n\n+/)) {
  const [title = "", declared = "", ...lines] = block.split("\n");
  test(title.replace("# ", ""), () => {
    const { probe } = checkProperties.parse({ probe: JSON.parse(declared) });
    assert.ok(probe.kind === "passive" || probe.kind === "heartbeat");
    let heard = 0;
    let startedAt: number | undefined;
    for (const line of lines) {
      const [, word, time = "", expected] = /^(heard|started|at) (\w+)(?: -> (.*))?$/.exec(line) ?? [];
      if (word === "heard") [heard, startedAt] = [parseDuration(time), undefined];
      else if (word === "started") startedAt = parseDuration(time);
      else {
        const late = overdue(probe, { at: heard, startedAt }, parseDuration(time));
        assert.equal(late ? `${late.state}: ${late.output}` : "in time", expected, line);
      }
    }
  });
}

test("a token is of one check and one key", () => {
  const token = heartbeatToken("key", "shop/check/backup");
  assert.match(token, /^[\w-]{27}$/);
  assert.notEqual(token, heartbeatToken("key", "shop/check/other"));
  assert.notEqual(token, heartbeatToken("other", "shop/check/backup"));
});
