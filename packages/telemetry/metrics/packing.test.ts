import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { kinds, Page, pack, packingOf, sizeOf, unpack } from "./packing.ts";

const staleMarker = new Float64Array(BigUint64Array.of(0x7ff0000000000002n).buffer);
const whole = fc.integer({ min: -5, max: 70_000 });
const column = fc.oneof(
  fc.array(fc.double()),
  fc.array(whole),
  fc.array(fc.integer()),
  fc.array(fc.maxSafeInteger()),
  fc.array(fc.integer({ min: 0, max: 255 }).map((n) => 2 ** 40 + n)),
  fc.tuple(fc.array(whole), fc.constantFrom(10, 100, 1000)).map(([all, scale]) => all.map((n) => n / scale)),
  fc.tuple(fc.double(), fc.nat(40)).map(([value, count]) => new Array<number>(count).fill(value)),
  fc.array(fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324)),
);

const bits = (values: Float64Array) => [
  ...new BigUint64Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)),
];

test("what was packed comes out as it was, to the bit, whole and in part", () => {
  fc.assert(
    fc.property(column, fc.boolean(), fc.nat(40), fc.nat(40), (all, stale, a, b) => {
      const values = Float64Array.from(all);
      if (stale && values.length > 1)
        new BigUint64Array(values.buffer)[1] = new BigUint64Array(staleMarker.buffer)[0] ?? 0n;
      const packing = packingOf(values, { from: 0, to: values.length });
      const size = sizeOf(packing.kind, values.length);
      const page = new Page(size + 16);
      pack(values, packing, { page, at: 8, from: 0, to: values.length });
      assert.deepEqual(
        [...page.bytes.subarray(0, 8), ...page.bytes.subarray(size + 8)],
        new Array(16).fill(0),
      );
      const [from = 0, to = 0] = [a, b].map((n) => Math.min(n, values.length)).sort((x, y) => x - y);
      const into = new Float64Array(to - from + 3);
      unpack({ ...packing, page, at: 8, from, to }, into, 2);
      assert.deepEqual(bits(into.slice(2, -1)), bits(values.slice(from, to)));
      assert.equal(packing.kind === kinds.withNaN, all.length > 0 && values.some(Number.isNaN));
    }),
    { numRuns: 3000 },
  );
});

test("counters and decimals take little", () => {
  const kindOf = (values: number[]) =>
    packingOf(Float64Array.from(values), { from: 0, to: values.length }).kind;
  assert.equal(kindOf([7, 7, 7]), kinds.same);
  assert.equal(kindOf([Math.PI, Math.PI]), kinds.same);
  assert.equal(kindOf([1e12, 1e12 + 255]), kinds.bytes);
  assert.equal(kindOf([0.25, 12.5, 300]), kinds.shorts);
  assert.equal(kindOf([0, 4e9]), kinds.words);
  assert.equal(kindOf([0, Math.PI]), kinds.doubles);
});
