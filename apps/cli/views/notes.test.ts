import assert from "node:assert/strict";
import { test } from "node:test";
import { notesView } from "./notes.ts";

test("what was not carried over: each of a few, the first of many", () => {
  assert.deepEqual(notesView([]), []);
  assert.deepEqual(notesView(["eventdb of web"]), ["Not carried over: eventdb of web."]);
  const many = notesView(Array.from({ length: 10_000 }, (_, n) => `object ${n}`));
  assert.equal(many.length, 41);
  assert.match(many.at(-1) ?? "", /^… and 9960 more/);
});
