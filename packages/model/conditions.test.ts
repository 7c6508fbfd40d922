import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions, conditionSchema, decideCondition, findSize } from "./conditions.ts";
import type { FactReference } from "./facts.ts";

const facts: Record<string, unknown> = {
  "os.codename": "trixie",
  "os.like": ["debian"],
  "os.version": "12.10",
  "memory.total": 4_100_000_000,
  "raid.degraded": false,
};
const find = ({ $fact }: FactReference) => facts[$fact.join(".")];
const is = (name: string, comparison: string, value?: unknown) =>
  conditionSchema.parse({ fact: { $fact: name.split(".") }, is: comparison, value });

const codename = is("os.codename", "equals", "bookworm");
const memory = is("memory.total", "at least", "4GB");

for (const [holds, condition, why] of [
  [false, codename, "os.codename is trixie, wanted bookworm"],
  [true, { not: codename }, "os.codename is trixie, wanted not bookworm"],
  [true, memory, "memory.total is 4100000000, wanted at least 4GB"],
  [false, is("memory.total", "at least", "4GiB"), "memory.total is 4100000000, wanted at least 4GiB"],
  [false, is("memory.total", "at most", 5), "memory.total is 4100000000, wanted at most 5"],
  [true, is("os.version", "at least", "12.9"), "os.version is 12.10, wanted at least 12.9"],
  [true, is("os.like", "contains", "debian"), "os.like is debian, wanted with debian"],
  [true, is("os.codename", "one of", ["sid", "trixie"]), "os.codename is trixie, wanted one of sid, trixie"],
  [true, is("os.codename", "matches", "^t.*e$"), "os.codename is trixie, wanted what matches /^t.*e$/"],
  [true, is("raid.degraded", "equals", false), "raid.degraded is false, wanted false"],
  [false, is("packages.nginx", "exists"), "packages.nginx is not there, which is not wanted"],
  [true, { not: is("packages.nginx", "exists") }, "packages.nginx is not there, as wanted"],
  [false, is("packages.nginx", "at least", "1.0"), "packages.nginx is not there, wanted at least 1.0"],
  [false, { all: [memory, codename] }, "os.codename is trixie, wanted bookworm"],
  [true, { any: [memory, codename] }, "memory.total is 4100000000, wanted at least 4GB"],
  [false, { not: { any: [memory, codename] } }, "memory.total is 4100000000, wanted not at least 4GB"],
  [true, { all: [] }, ""],
  [false, { any: [] }, ""],
] as const)
  test(`condition: ${why || JSON.stringify(condition)}`, () => {
    assert.deepEqual(decideCondition(conditionSchema.parse(condition), find), { holds, why });
  });

test("versions are ordered as Debian does", () => {
  const ascending = ["1.0~rc1", "1.0", "1.0-1", "1.0+b1", "1.2", "1.10", "1.10a", "2.0", "1:0.1"];
  assert.deepEqual([...ascending].reverse().sort(compareVersions), ascending);
  assert.equal(compareVersions("1.01", "1.1"), 0);
});

test("sizes", () => {
  assert.deepEqual(["4GB", "1.5 GiB", "17", "4Gb", "GB"].map(findSize), [
    4e9,
    1.5 * 2 ** 30,
    17,
    undefined,
    undefined,
  ]);
});
