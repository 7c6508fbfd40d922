import assert from "node:assert/strict";
import { test } from "node:test";
import { maskText, secretTexts } from "@havn/plan";
import fc from "@havn/testkit/property";
import { createKeeper, createMasker } from "./output.ts";

test("however a text is cut in pieces, it comes out as if it had been masked whole", () => {
  const secrets = secretTexts(["hunter2", "hunt", "er2x\nsecond line"]);
  const texts = fc.string({
    unit: fc.constantFrom("hunter2", "hunt", "hun", "er2x", "second line", "\n", "a"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(80), { maxLength: 8 }), (text, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const masker = createMasker(secrets);
      const pieces = places.slice(1).map((end, index) => masker.push(text.slice(places[index], end)));
      const shown = pieces.join("") + masker.end();
      for (const secret of secrets) assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
      if (cuts.length === 0) assert.equal(shown, maskText(text, secrets));
    }),
  );
});

test("of a long text the beginning and the end are kept", () => {
  const keeper = createKeeper();
  for (let line = 0; line < 100_000; line++) keeper.push(`line ${line}\n`);
  const text = keeper.text();
  assert.ok(text.startsWith("line 0\nline 1\n"));
  assert.ok(text.endsWith("line 99999\n"));
  assert.match(text, /… \d+ characters left out …/);
  assert.ok(text.length < 70_000, `${text.length}`);
});

test("what PostgreSQL cannot store is replaced", () => {
  const keeper = createKeeper();
  keeper.push("a\0b\ud800");
  assert.equal(keeper.text(), "a\ufffdb\ufffd");
});
