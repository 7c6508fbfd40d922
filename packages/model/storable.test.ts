import assert from "node:assert/strict";
import { test } from "node:test";
import { storable } from "./storable.ts";

test("what PostgreSQL cannot store becomes U+FFFD, at any depth and in keys; the rest stays", () => {
  const given = { "a\0": ["\ud83d", { b: "x\0y", c: 1, d: null, e: undefined }], f: "😀" };
  assert.deepEqual(storable(given), {
    "a\ufffd": ["\ufffd", { b: "x\ufffdy", c: 1, d: null, e: undefined }],
    f: "😀",
  });
});
