import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSnappy, encodeSnappy, SnappyError } from "./snappy.ts";

const block = (...bytes: number[]) => Uint8Array.from(bytes);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const letters = (word: string) => [...Buffer.from(word)];

test("literals and copies of every kind", () => {
  assert.equal(text(decodeSnappy(block(0), 10)), "");
  assert.equal(text(decodeSnappy(block(3, 2 << 2, ...letters("abc")), 10)), "abc");
  // A copy that reads what it writes: offset 1, 4 to 11 bytes.
  assert.equal(text(decodeSnappy(block(8, 0, ...letters("a"), ((7 - 4) << 2) | 1, 1), 10)), "aaaaaaaa");
  // Two bytes of offset; offsets of 2, 3 and 5 overlap too.
  for (const offset of [2, 3, 4, 5]) {
    const start = "abcde".slice(0, offset);
    const encoded = block(offset + 20, (offset - 1) << 2, ...letters(start), (19 << 2) | 2, offset, 0);
    assert.equal(text(decodeSnappy(encoded, 100)), start.repeat(20).slice(0, offset + 20));
  }
  // Four bytes of offset.
  assert.equal(
    text(decodeSnappy(block(6, 2 << 2, ...letters("xyz"), (2 << 2) | 3, 3, 0, 0, 0), 10)),
    "xyzxyz",
  );
  const long = Buffer.alloc(200_000, "0123456789");
  assert.deepEqual(Buffer.from(decodeSnappy(encodeSnappy(long), 200_000)), long);
});

test("what is encoded is decoded again, and becomes smaller where it repeats itself", () => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 300; round++) {
    const words = 1 + Math.floor(random() * 50);
    const length = Math.floor(random() ** 3 * 200_000);
    const bytes = Uint8Array.from({ length }, () => Math.floor(random() * words));
    const encoded = encodeSnappy(bytes);
    assert.deepEqual(Buffer.from(decodeSnappy(encoded, 200_000)), Buffer.from(bytes));
    if (words === 1 && length > 1000) assert.ok(encoded.length < length / 10);
  }
});

test("what is broken is refused, and a bomb before memory is taken for it", () => {
  const broken = [
    block(),
    block(0x80, 0x80, 0x80, 0x80, 0x80),
    block(3, 2 << 2, ...letters("ab")),
    block(2, 2 << 2, ...letters("abc")),
    block(4, 2 << 2, ...letters("abc")),
    block(8, 0, ...letters("a"), (3 << 2) | 1, 2),
    block(8, 0, ...letters("a"), (3 << 2) | 1, 0),
    block(8, 0, ...letters("a"), (3 << 2) | 2, 1),
    block(200, 1, 63 << 2, 255, 255, 255, 255),
  ];
  for (const bytes of broken) assert.throws(() => decodeSnappy(bytes, 1000), SnappyError, String(bytes));
  const bomb = block(0xff, 0xff, 0xff, 0xff, 0x0f);
  assert.throws(
    () => decodeSnappy(bomb, 32 * 2 ** 20),
    (error) => error instanceof SnappyError && error.tooLarge,
  );
});

test("no bytes make it read or write elsewhere", () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 40) }, () =>
      Math.floor(random() * 256),
    );
    bytes[0] = Math.floor(random() * 100);
    try {
      assert.equal(decodeSnappy(bytes, 127).length, bytes[0]);
    } catch (error) {
      assert.ok(error instanceof SnappyError, String(error));
    }
  }
});
