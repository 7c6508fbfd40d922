import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../resources/type.ts";
import type { Compared } from "./read.ts";
import { openWaits, performRound, roundsOf } from "./rounds.ts";

const writing: Operation = { kind: "write", path: "/a", content: "", attributes: {} };
const running: Operation = { kind: "run", command: ["true"] };

const one = (type: string, name: string, operation: Operation, dependsOn: string[] = []): Compared => ({
  resource: { address: `shop/${type}/${name}`, type, name, properties: {}, dependsOn },
  wanted: "present",
  plan: { action: "create", changes: [], operations: [operation] },
});
const namesOf = (rounds: Compared[][]) =>
  rounds.map((round) => round.map(({ resource }) => resource.name).join(" "));

test("what writes goes together, commands alone, units together that wait for none of each other", () => {
  const files = [one("file", "a", writing), one("file", "b", writing), one("file", "c", writing)];
  assert.deepEqual(namesOf(roundsOf(files, openWaits(files))), ["a b c"]);
  const users = [one("user", "a", running), one("user", "b", running)];
  assert.deepEqual(namesOf(roundsOf(users, openWaits(users))), ["a", "b"]);
  const units = [
    one("systemd.unit", "a", running),
    one("systemd.unit", "b", running),
    one("systemd.unit", "c", running, ["shop/systemd.unit/b"]),
  ];
  assert.deepEqual(namesOf(roundsOf(units, openWaits(units))), ["a b", "c"]);
});

test("in a round each comes after what it waits for, and removals after what used them", async () => {
  const chain = [
    one("line", "a", writing),
    one("line", "b", writing, ["shop/line/a"]),
    one("line", "c", writing, ["shop/line/b"]),
    one("line", "other", writing),
  ];
  const told: string[] = [];
  await performRound(chain, openWaits(chain), async ({ resource }) => {
    told.push(`${resource.name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    told.push(`${resource.name} ends`);
  });
  for (const [before, after] of [
    ["a", "b"],
    ["b", "c"],
  ])
    assert.ok(told.indexOf(`${before} ends`) < told.indexOf(`${after} begins`), told.join(", "));
  assert.ok(told.indexOf("other begins") < told.indexOf("c begins"), "what waits for nobody goes beside");
  const removal = (name: string, dependsOn: string[]) => ({
    ...one("file", name, writing, dependsOn),
    wanted: "absent" as const,
  });
  const removed = [removal("inner", ["shop/file/outer"]), removal("outer", [])];
  assert.deepEqual(
    removed.map(openWaits(removed)),
    [[], ["shop/file/inner"]],
    "the outer one waits for the inner one",
  );
});

test("in a round what lies in a folder comes after the folder, declared or not that it depends on it", async () => {
  const folder = (path: string) => one("directory", path, { kind: "make directory", path, attributes: {} });
  const round = [folder("/a"), folder("/a/b/c"), folder("/d"), folder("/a/b")];
  const told: string[] = [];
  await performRound(round, openWaits(round), async ({ resource }) => {
    told.push(`${resource.name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    told.push(`${resource.name} ends`);
  });
  for (const inner of ["/a/b/c", "/a/b"])
    assert.ok(told.indexOf("/a ends") < told.indexOf(`${inner} begins`), told.join(", "));
  assert.ok(told.indexOf("/d begins") < told.indexOf("/a ends"), "others go beside");
});
