import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hasEnded, parseProcessStat } from "./process-stat.ts";

const line = (name: string, state = "S") =>
  `42 (${name}) ${state} 7 42 42 0 -1 4194560 11 12 13 14 250 50 0 0 20 0 3 0 9000 1048576 256 18446744073709551615`;

test("a line is read behind the name, whatever the name is", () => {
  for (const name of ["node", "a) S 1 (b", "x y", ")))"])
    assert.deepEqual(parseProcessStat(line(name)), {
      ...{ name, state: "S", parent: 7, minorFaults: 11, majorFaults: 13, user: 2.5, system: 0.5 },
      ...{ threads: 3, started: 9000, virtual: 1_048_576, resident: 256 },
    });
});

test("one that has ended says so, and no text is no process", () => {
  assert.equal(parseProcessStat(""), undefined);
  for (const [state, ended] of [
    ["Z", true],
    ["X", true],
    ["S", false],
    ["R", false],
  ] as const)
    assert.equal(hasEnded(parseProcessStat(line("sh", state)) ?? { state: "" }), ended);
});

test("this process is read", { skip: process.platform !== "linux" }, () => {
  const own = parseProcessStat(readFileSync("/proc/self/stat", "utf8"));
  assert.equal(own?.parent, process.ppid);
  assert.ok(own && own.resident > 1000 && own.started > 0);
});
