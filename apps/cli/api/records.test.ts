import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { readRecords } from "./records.ts";

test("lines and the bytes between them come whole, however the stream is cut", async () => {
  const record = fc.record({
    line: fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")),
    bytes: fc.uint8Array({ maxLength: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(record), fc.array(fc.nat(200)), async (records, cuts) => {
      const whole = Buffer.concat(records.flatMap(({ line, bytes }) => [Buffer.from(`${line}\n`), bytes]));
      const places = [
        0,
        ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b),
        whole.length,
      ];
      async function* pieces() {
        for (const [index, end] of places.slice(1).entries()) yield whole.subarray(places[index], end);
      }
      const reading = readRecords(pieces());
      for (const { line, bytes } of records) {
        equal(await reading.line(), Buffer.from(line).toString());
        deepEqual(Buffer.from((await reading.take(bytes.length)) ?? []), Buffer.from(bytes));
      }
      equal(await reading.line(), undefined);
    }),
  );
});

test("what is cut short is no record", async () => {
  async function* pieces() {
    yield Buffer.from("one\nab");
  }
  const reading = readRecords(pieces());
  equal(await reading.line(), "one");
  equal(await reading.take(3), undefined);
});
