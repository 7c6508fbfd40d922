import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import { createMending, isDeclared, mendingBundle } from "./mending.ts";

const minute = 60_000;

test("what comes back five times in a row is a fight: told once, and mended ever more seldom", () => {
  const mending = createMending();
  const told: (string | undefined)[] = [];
  let at = 1000 * minute;
  const rests: number[] = [];
  for (let round = 0; round < 8; round++) {
    at = Math.max(at + 1000, mending.of("a").notBefore);
    assert.ok(mending.mayMend("a", at));
    told.push(mending.note("a", "mended", at));
    rests.push(Math.max(0, mending.of("a").notBefore - at) / minute);
  }
  assert.deepEqual(rests, [0, 0, 0, 0, 1, 2, 4, 8]);
  assert.deepEqual(
    told.filter((word) => word !== undefined),
    ["fight"],
  );
  assert.deepEqual(mending.fights(at), [{ address: "a", since: 1000 * minute + 1000, mended: 8 }]);
  assert.equal(mending.next(["a", "b"], at), at + 8 * minute);
  // Between the latest mends it was quiet for 4 minutes.
  assert.equal(mending.fights(at + 8 * minute).length, 1);
  assert.deepEqual(mending.fights(at + 9 * minute), []);
  assert.equal(mending.fights(at + 9 * minute, () => true).length, 1, "it waits for its next mend");
  assert.deepEqual(
    mending.fights(at + 25 * 60 * minute, () => true),
    [],
  );
});

test("what comes back seldom is mended at once, and told when it is often for one day", () => {
  const mending = createMending();
  const told = Array.from({ length: 6 }, (_, round) =>
    mending.note("a", "mended", (1000 + 60 * round) * minute),
  );
  assert.deepEqual(told, [undefined, undefined, undefined, undefined, "fight", undefined]);
  assert.ok(mending.mayMend("a", (1000 + 60 * 5) * minute + 1));
});

test("what fails is told once, and tried ever more seldom until it succeeds", () => {
  const mending = createMending();
  assert.equal(mending.note("a", "failed", 0), "failure");
  assert.equal(mending.note("a", "failed", 10_000), undefined);
  assert.equal(mending.of("a").notBefore, 30_000);
  mending.note("a", "mended", 30_000);
  assert.equal(mending.note("a", "failed", 40_000), "failure");
  mending.forget("a");
  assert.ok(mending.mayMend("a", 0));
});

const resource = (type: string, name: string, rest: Partial<Resource> = {}): Resource => ({
  ...{ address: `shop/${type}/${name}`, type, name, host: "web-1", properties: {}, dependsOn: [] },
  ...rest,
});

test("mending takes what a resource stands on, and what is restarted for it", () => {
  const folder = resource("directory", "d");
  const config = resource("file", "f", { dependsOn: [folder.address, "shop/host/web-1"] });
  const unit = resource("systemd.unit", "u", {
    properties: { name: "u.service", restartOn: [config.address], reloadOn: [] },
  });
  const other = resource("file", "o");
  const all = [folder, other, config, unit];
  assert.deepEqual(
    mendingBundle(all, new Set([config.address])).map(({ name }) => name),
    ["d", "f", "u"],
  );
  assert.deepEqual(
    mendingBundle(all, new Set([folder.address])).map(({ name }) => name),
    ["d"],
  );
});

test("what is declared already is known, whatever the order of its properties", () => {
  const one = resource("file", "f", { properties: { path: "/a", mode: "0644" } });
  assert.ok(isDeclared([one], [{ ...one, properties: { mode: "0644", path: "/a" } }]));
  assert.ok(!isDeclared([one], [{ ...one, properties: { mode: "0600", path: "/a" } }]));
  assert.ok(!isDeclared([one], []));
});
