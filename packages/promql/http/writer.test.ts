import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { formatValue } from "../format.ts";
import { JsonWriter, openingsOf } from "./writer.ts";

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.tuple(fc.integer(), fc.constantFrom(10, 100, 1000, 10_000)).map(([n, scale]) => n / scale),
  fc.tuple(fc.maxSafeInteger(), fc.constantFrom(10, 100, 1000)).map(([n, scale]) => n / scale),
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

test("points are their times in seconds and their values", () => {
  const time = fc.oneof(fc.integer({ min: -5, max: 2e12 }), fc.constantFrom(0.5, 1e15));
  fc.assert(
    fc.property(fc.array(fc.tuple(time, value)), (points) => {
      const writer = new JsonWriter();
      const times = Float64Array.from(points, ([at]) => at);
      writer.text("<");
      writer.points(
        openingsOf(times),
        Float64Array.from(points, ([, each]) => each),
      );
      writer.text(">");
      const expected = points.map(([at, each]) => `[${at / 1000},"${formatValue(each)}"]`);
      assert.equal(Buffer.from(writer.take()).toString(), `<${expected.join(",")}>`);
    }),
    { numRuns: 1000 },
  );
});

test("what is written grows beyond its first room", () => {
  const writer = new JsonWriter();
  const long = "ø€😀x".repeat(50_000);
  writer.text("[");
  writer.text(long);
  writer.points(openingsOf(new Float64Array(9000)), new Float64Array(9000));
  const points = new Array(9000).fill('[0,"0"]').join(",");
  assert.equal(Buffer.from(writer.take()).toString(), `[${long}${points}`);
});
