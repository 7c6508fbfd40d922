import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatValue } from "../format.ts";
import { JsonWriter } from "./writer.ts";

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 1e15, 1e21),
);

test("numbers are written as they are formatted, texts as UTF-8, whatever was taken between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(value, fc.string({ unit: "grapheme", maxLength: 40 }), fc.constant(true))),
      (parts) => {
        const writer = new JsonWriter();
        const taken: Uint8Array[] = [];
        for (const part of parts)
          if (part === true) taken.push(writer.take());
          else if (typeof part === "number") writer.value(part);
          else writer.text(part);
        taken.push(writer.take());
        const expected = parts.map((part) =>
          part === true ? "" : typeof part === "number" ? formatValue(part) : part,
        );
        assert.equal(Buffer.concat(taken).toString(), expected.join(""));
      },
    ),
    { numRuns: 2000 },
  );
});

test("what is written grows beyond its first room", () => {
  const writer = new JsonWriter();
  const long = "ø€😀x".repeat(50_000);
  writer.text("[");
  writer.text(long);
  writer.bytes(Buffer.from(long), 0, Buffer.byteLength(long));
  assert.equal(Buffer.from(writer.take()).toString(), `[${long}${long}`);
});
