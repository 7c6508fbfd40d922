import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { findLines, literal, setLine } from "./lines.ts";

const texts = fc
  .array(fc.stringMatching(/^[ -~]{0,12}$/))
  .map((lines) => lines.map((l) => `${l}\n`).join(""));
const keys = fc.stringMatching(/^[!-~]{1,6}$/);

test("a line set twice is set once; all other lines stay as they are and in their order", () => {
  fc.assert(
    fc.property(texts, keys, (text, key) => {
      const match = `^${literal(key)}\\s`;
      const others = (of: string) => of.split("\n").filter((line) => !new RegExp(match).test(line));
      const line = `${key} value`;
      const once = setLine(text, match, line);
      assert.equal(setLine(once, match, line), once);
      assert.deepEqual(findLines(once, match), [line]);
      assert.deepEqual(others(once), others(text));
      const gone = setLine(once, match, undefined);
      assert.deepEqual(findLines(gone, match), []);
      assert.deepEqual(others(gone), others(text));
    }),
  );
});

test("the line takes the place of the first that is found; a last line without its end is no trap", () => {
  assert.equal(setLine("a 1\nb 1\na 2\nc", "^a ", "a 3"), "a 3\nb 1\nc\n");
  assert.equal(setLine("a 1", "^b ", "b 1"), "a 1\nb 1\n");
  assert.equal(setLine("a 1", "^a ", "a 1"), "a 1");
  assert.equal(setLine("", "^a ", undefined), "");
});
