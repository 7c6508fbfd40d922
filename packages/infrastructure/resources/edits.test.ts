import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { removeBlock, setBlock } from "./block/edit.ts";
import line from "./line/definition.ts";
import { lineBefore, removeLines, setOneLine } from "./line/edit.ts";
import { replaceAll } from "./replace/edit.ts";

const piece = fc.constantFrom("a", "b=1", "# c", "", "  a", "x a", "# BEGIN m", "# END m");
const documents = fc
  .tuple(fc.array(piece, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, newline, ended]) => lines.join(newline) + (ended && lines.length > 0 ? newline : ""));
const place = fc.constantFrom({}, { insertAfter: "^a" }, { insertBefore: "=" }, { insertBefore: "start" });
const edits = fc.record({
  line: fc.constantFrom("a", "new", "b=2"),
  regexp: fc.constantFrom(undefined, "^b=", "a$", "^# "),
  first: fc.boolean(),
  place,
});

test("line: it stands there afterwards, twice is once, at most one line differs", () => {
  fc.assert(
    fc.property(documents, edits, (text, { place: where, ...rest }) => {
      const edit = { ...rest, ...where, backReferences: false };
      const after = setOneLine(text, edit);
      const lines = after.split(/\r?\n/);
      assert.ok(lines.includes(edit.line));
      assert.ok(Math.abs(lines.length - text.split(/\r?\n/).length) <= 2);
      // Where the line itself is not found by its own expression, a second edit may find another one: plans refuse that.
      if (edit.regexp === undefined || new RegExp(edit.regexp).test(edit.line))
        assert.equal(setOneLine(after, edit), after);
      assert.ok(!removeLines(after, { line: edit.line }).split(/\r?\n/).includes(edit.line));
    }),
  );
});

test("line: no longer declared, the text is as it was before", () => {
  fc.assert(
    fc.property(documents, edits, (text, { place: where, ...rest }) => {
      const properties = line.schema.parse({ path: "/f", ...rest, ...where }) as Parameters<
        typeof line.plan
      >[1];
      const after = setOneLine(text, properties);
      // A last line without its end gets one, and a line that stands there twice cannot be told apart.
      if (after === text || !/(^|\n)$/.test(text) || text.split(/\r?\n/).includes(properties.line)) return;
      const before = { line: lineBefore(text, properties) ?? null };
      const plan = line.plan({ file: { kind: "file", content: after }, before }, properties, "absent");
      const [write] = plan.operations;
      assert.equal(write?.kind === "write" && write.content, text);
    }),
  );
});

test("block: it stands there afterwards, twice is once, and goes without a trace", () => {
  fc.assert(
    fc.property(documents, fc.constantFrom("", "one\n", "one\ntwo"), place, (text, content, where) => {
      const edit = { content, marker: "# {mark} mine", ...where };
      const after = setBlock(text, edit);
      assert.ok(after.includes("# BEGIN mine"));
      assert.equal(setBlock(after, edit), after);
      assert.equal(removeBlock(after, edit.marker).replace(/\r?\n$/, ""), text.replace(/\r?\n$/, ""));
    }),
  );
});

test("replace: nothing of it is left, and nothing outside of its bounds changes", () => {
  fc.assert(
    fc.property(documents, fc.constantFrom(undefined, "^# c"), (text, after) => {
      const done = replaceAll(text, { regexp: "a", replacement: "z", after });
      const at = after === undefined ? 0 : text.search(/^# c/m);
      if (at < 0) return assert.equal(done, text);
      assert.equal(done.slice(0, at), text.slice(0, at));
      assert.ok(!done.slice(at).includes("a"));
    }),
  );
});
