import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { ByteWriter } from "../protocols/agent/bytes.ts";
import { decodeSeries } from "./decode-series.ts";

const text = fc.oneof(fc.constantFrom("", "job", "instance", "é", "x".repeat(200)), fc.string());
const row = fc.record({
  // Ids that share a half, too.
  id: fc.tuple(fc.constantFrom(0n, 1n, 2n ** 32n - 1n), fc.bigInt({ min: 0n, max: 2n ** 32n - 1n })),
  name: text,
  labels: fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 5 }),
});

test("rows come out as they are stored, by id", () => {
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: ({ id: [high, low] }) => `${high} ${low}` }), (rows) => {
      const writer = new ByteWriter();
      const stored = rows.map(({ id: [high, low], ...rest }) => ({ id: high * 2n ** 32n + low, ...rest }));
      for (const { id, name, labels } of stored) {
        writer.uint64(id);
        writer.string(name);
        for (const side of [0, 1] as const) {
          writer.varint(labels.length);
          for (const pair of labels) writer.string(pair[side]);
        }
      }
      const found = decodeSeries(writer.view());
      const expected = stored.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(
        [...found.ids],
        expected.map(({ id }) => id),
      );
      assert.deepEqual(
        found.labels,
        expected.map(({ name, labels }) => ({ __name__: name, ...Object.fromEntries(labels) })),
      );
    }),
    { numRuns: 500 },
  );
});
