import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { caseFiles } from "@havn/testkit";
import fc from "@havn/testkit/property";
import * as ini from "./setting.ini/edit.ts";
import * as json from "./setting.json/edit.ts";
import * as toml from "./setting.toml/edit.ts";
import { type SettingEditor, type SettingPath, valueAt } from "./setting.ts";
import * as xml from "./setting.xml/edit.ts";
import * as yaml from "./setting.yaml/edit.ts";

const editors: Record<string, SettingEditor> = { ini, json, toml, xml, yaml };

/** One text and what edits make of it: lines of each, so that they read as files. `UPDATE_CASES=1` rewrites `gives`. */
interface Case {
  text: string[];
  edits: { title: string; set?: SettingPath; remove?: SettingPath; value?: unknown; gives?: string[] }[];
}

for (const [format, editor] of Object.entries(editors))
  for (const file of caseFiles(new URL(`../cases/setting.${format}/`, import.meta.url), ".json")) {
    const one = JSON.parse(file.text) as Case;
    const text = one.text.join("\n");
    for (const edit of one.edits)
      test(`setting.${format}, ${file.name}: ${edit.title}`, () => {
        const given = outcome(editor, text, edit).split("\n");
        if (!process.env.UPDATE_CASES) return assert.deepEqual(given, edit.gives);
        edit.gives = given;
      });
    test.after(async () => {
      if (process.env.UPDATE_CASES) await writeFile(file.path, `${JSON.stringify(one, null, 2)}\n`);
    });
  }

function outcome(editor: SettingEditor, text: string, { set, remove, value }: Case["edits"][number]): string {
  try {
    const after = set ? editor.set(text, set, value) : editor.remove(text, remove ?? []);
    if (set) assert.equal(editor.set(after, set, value), after, "twice is once");
    return after;
  } catch (error) {
    if (error instanceof HavnError) return `refused: ${error.message}`;
    throw error;
  }
}

/** Names and values that every format has; names that are awkward in some. */
const name = fc.oneof(fc.constantFrom("a", "b", "port"), fc.stringMatching(/^[a-z][a-z0-9 ._-]{0,6}[a-z]$/));
const scalar = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.stringMatching(/^[ -~]{0,12}$/),
  fc.constantFrom("yes", "null", "1e3", "# no comment", "a: b", "multi\nline", "ünï"),
);
const tree = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, scalar, tie("object"), fc.array(scalar, { maxLength: 3 })),
  object: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
})).object as fc.Arbitrary<Record<string, unknown>>;

const writers: Record<string, (document: Record<string, unknown>) => string> = {
  json: (document) => JSON.stringify(document, null, 2),
  toml: (document) => tomlText(document),
  yaml: (document) => yamlText(document),
};

/** Documents are grown by the editors themselves, setting by setting: their layout is theirs then, and comments are put in. */
const tomlText = (document: Record<string, unknown>) => grow(toml, document, "# a comment\n");
const yamlText = (document: Record<string, unknown>) => grow(yaml, document, "# a comment\n");

function grow(editor: SettingEditor, document: Record<string, unknown>, start: string): string {
  return Object.entries(document).reduce((text, [key, value]) => editor.set(text, [key], value), start);
}

for (const [format, write] of Object.entries(writers)) {
  const editor = editors[format] as SettingEditor;
  test(`setting.${format}: set is set, twice is once, the rest stays, and a removal undoes it`, () => {
    fc.assert(
      fc.property(tree, fc.array(name, { minLength: 1, maxLength: 3 }), scalar, (document, at, value) => {
        const text = write(document);
        const holder = at.slice(0, -1).map((_, index) => valueAt(document, at.slice(0, index + 1)));
        // What is no object cannot hold a setting.
        const isFree = holder.every(
          (one) => one === undefined || (typeof one === "object" && one !== null && !Array.isArray(one)),
        );
        if (!isFree) return assert.throws(() => editor.set(text, at, value), HavnError);
        const before = editor.get(text, at);
        if (format === "toml" && typeof before === "object" && !Array.isArray(before) && before !== null)
          return;
        const after = editor.set(text, at, value);
        assert.deepEqual(editor.get(after, at), value);
        assert.equal(editor.set(after, at, value), after);
        for (const [key, other] of Object.entries(document))
          if (key !== at[0]) assert.deepEqual(editor.get(after, [key]), other);
        if (format !== "json") assert.match(after, /# a comment/);
        const undone = before === undefined ? editor.remove(after, at) : editor.set(after, at, before);
        assert.deepEqual(editor.get(undone, at), before);
      }),
      { numRuns: 300 },
    );
  });
}

const iniName = fc.stringMatching(/^[a-z][a-z_-]{0,5}$/);
const iniLine = fc.oneof(
  fc.constantFrom("", "# comment", "; other", "[one]", "[two]", "  [ one ]"),
  fc.tuple(iniName, fc.constantFrom("=", " = ", " =")).map(([key, separator]) => `${key}${separator}value`),
);

test("setting.ini: any text, set is set, twice is once, no other line changes", () => {
  fc.assert(
    fc.property(
      fc.array(iniLine, { maxLength: 12 }),
      fc.constantFrom("", "one", "three"),
      iniName,
      fc.stringMatching(/^[!-~]{0,8}$/),
      (lines, section, key, value) => {
        const text = lines.map((line) => `${line}\n`).join("");
        const at = section === "" ? [key] : [section, key];
        const after = ini.set(text, at, value);
        assert.equal(ini.get(after, at), value);
        assert.equal(ini.set(after, at, value), after);
        assert.equal(ini.get(ini.remove(after, at), at), undefined);
        const left = after.split("\n");
        for (const line of new Set(lines))
          assert.ok(
            left.filter((one) => one === line).length >= lines.filter((one) => one === line).length - 1,
          );
      },
    ),
    { numRuns: 300 },
  );
});

test("setting.xml: any text as element and attribute", () => {
  const text = '<?xml version="1.0"?>\n<!-- kept -->\n<a>\n  <b x="1">one</b>\n  <b x=\'2\'/>\n</a>\n';
  const key = fc.constantFrom("/a/b", "/a/b/@x", "/a/b[2]", "/a/b[@x='2']/@y", "/a/c/d", "/a/c[@n='v']/@z");
  fc.assert(
    fc.property(key, fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/), (at, value) => {
      const after = xml.set(text, [at], value);
      assert.equal(xml.get(after, [at]), value);
      assert.equal(xml.set(after, [at], value), after);
      assert.match(after, /<!-- kept -->/);
      const before = xml.get(text, [at]);
      if (before === undefined) assert.equal(xml.get(xml.remove(after, [at]), [at]), undefined);
      else assert.equal(xml.get(xml.set(after, [at], before), [at]), before);
    }),
    { numRuns: 300 },
  );
});
