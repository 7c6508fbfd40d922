import assert from "node:assert/strict";
import { test } from "node:test";
import { unifiedDiff } from "./diff.ts";
import { masked, maskedDiff, maskText, secretTexts } from "./mask.ts";

const declared = "user=shop\npassword=correct-horse\nport=5432\n";

test("a text that holds a secret is shown without it, and nothing of what stands on the host instead", () => {
  // The host has an older secret, on the same line and on another one.
  const diff = unifiedDiff("user=shop\npassword=old-secret\nport=1\n# old-secret\n", declared);
  const shown = maskedDiff(diff, ["correct-horse"]) ?? "";
  assert.doesNotMatch(shown, /old-secret|correct-horse|port=1\b/);
  assert.equal(
    shown,
    "@@ -1,4 +1,3 @@\n user=shop\n-(a line that is not declared)\n-(a line that is not declared)\n-(a line that is not declared)\n+password=(secret)\n+port=5432\n",
  );
});

test("a secret of several lines is found line by line", () => {
  const key = "-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----";
  const shown = maskedDiff(unifiedDiff("", `key:\n  MIIEvQIBADAN\n${key}\n`), [key]) ?? "";
  assert.doesNotMatch(shown, /MIIE|BEGIN/);
});

test("what cannot be masked safely is not shown in part", () => {
  const diff = unifiedDiff("", declared);
  assert.equal(maskedDiff(diff, []), undefined);
  assert.equal(maskedDiff(diff, ["correct-horse", "abc"]), undefined);
});

test("the longest secret goes first; lines of one are secrets too; what is short is left", () => {
  const secrets = secretTexts(["hunter2", "hunter22", "first line\n  second line\n", "abc", ""]);
  assert.deepEqual(secrets, [
    "first line\n  second line\n",
    "second line",
    "first line",
    "hunter22",
    "hunter2",
  ]);
  assert.equal(maskText("hunter22 hunter2 abc  second line", secrets), "(secret) (secret) abc  (secret)");
});

test("secrets go out of texts at any depth, keys and other values stay", () => {
  const value = { a: ["x hunter2", { hunter2: "hunter2" }], n: 2, none: null };
  assert.deepEqual(masked(value, ["hunter2"]), {
    a: ["x (secret)", { hunter2: "(secret)" }],
    n: 2,
    none: null,
  });
});
