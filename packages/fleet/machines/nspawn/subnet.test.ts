import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { chooseAddress, choosePrefix, overlaps } from "./subnet.ts";

for (const [network, expected] of [
  ["10.160.7.0/24", true],
  ["10.160.7.9", true],
  ["10.0.0.0/8", true],
  ["10.160.0.0/21", true],
  ["10.160.7.128/25", true],
  ["10.160.8.0/24", false],
  ["192.168.0.0/16", false],
  ["0.0.0.0/0", false],
  ["default", false],
  ["local", false],
] as const)
  test(`10.160.7.0/24 ${expected ? "overlaps" : "is apart from"} ${network}`, () => {
    assert.equal(overlaps("10.160.7", network), expected);
  });

test("the same seed finds the same network, and never one that is taken", () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const first = choosePrefix(seed, []);
      assert.ok(first);
      assert.equal(choosePrefix(seed, []), first);
      assert.match(first, /^10\.1(6\d|7\d|8\d|9[01])\.\d+$/);
      const second = choosePrefix(seed, [`${first}.0/24`]);
      assert.ok(second);
      assert.notEqual(second, first);
    }),
  );
});

test("undefined when everything is taken", () => {
  assert.equal(choosePrefix("x", ["10.0.0.0/8"]), undefined);
  const all = Array.from({ length: 245 }, (_, index) => `10.160.7.${index + 10}`);
  assert.equal(chooseAddress("10.160.7", all), undefined);
  assert.equal(chooseAddress("10.160.7", all.toSpliced(3, 1)), "10.160.7.13");
});
