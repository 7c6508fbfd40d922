import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { ByteKeys } from "./byte-keys.ts";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test("as a map of byte strings, in any order, whatever lies around them", () => {
  const key = fc.uint8Array({ maxLength: 9, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat(20)), { maxLength: 400 }), (steps) => {
      const keys = new ByteKeys(1 << 20);
      const model = new Map<string, number>();
      for (const [bytes, before] of steps) {
        const whole = Uint8Array.from([...new Uint8Array(before).fill(7), ...bytes, 9]);
        const end = before + bytes.length;
        const known = model.get(String(bytes)) ?? -1;
        assert.equal(keys.find(viewOf(whole), before, end), known);
        if (known >= 0) continue;
        keys.add(whole, before, end, model.size);
        model.set(String(bytes), model.size);
      }
      assert.equal(keys.size, model.size);
    }),
    { numRuns: 300 },
  );
});

test("it grows, and forgets everything when it has become too large", () => {
  const keys = new ByteKeys(64 * 1024);
  const bytes = new Uint8Array(8);
  const view = viewOf(bytes);
  let forgotten = 0;
  for (let number = 0; number < 20_000; number++) {
    view.setUint32(0, number);
    assert.equal(keys.find(view, 0, 8), -1);
    const before = keys.size;
    keys.add(bytes, 0, 8, number);
    if (keys.size < before) forgotten++;
    assert.equal(keys.find(view, 0, 8), number);
  }
  assert.equal(forgotten, 2);
});
