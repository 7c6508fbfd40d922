import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "@havn/testkit";
import { readDisk, startUpkeep } from "./upkeep.ts";

test("each task comes again in its own time; one that fails is told once and holds up no other", async () => {
  const clock = virtualClock();
  const said: string[] = [];
  const done = { often: 0, seldom: 0 };
  let away = true;
  {
    await using _upkeep = startUpkeep(
      [
        {
          what: "often",
          everyMs: 1000,
          async work() {
            if (away) throw new Error("the database is away");
            done.often++;
          },
        },
        { what: "seldom", everyMs: 3000, work: async () => void done.seldom++ },
      ],
      { clock, log: (message) => said.push(message) },
    );
    await clock.advance(3000);
    assert.deepEqual(
      [done, said],
      [{ often: 0, seldom: 2 }, ["often: not done, tried again in 1 s: the database is away"]],
    );
    away = false;
    await clock.advance(3000);
    assert.deepEqual(done, { often: 3, seldom: 3 });
  }
  assert.equal(clock.sleepers, 0);
});

test("a disk tells its room", async () => {
  const { ok, detail } = await readDisk("/");
  assert.equal(ok, !detail.startsWith("only"));
  assert.match(detail, /\d+ MiB free/);
  await assert.rejects(readDisk("/nowhere"));
});
