import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory } from "@havn/testkit";

const child = fileURLToPath(new URL("testing/kill.test-child.ts", import.meta.url));
const kills = 10;

const childOfTwo = fileURLToPath(new URL("testing/kill-two.test-child.ts", import.meta.url));

/** Runs a child; kills it `afterMs` after the apply runs, if it has not ended by then. Gives its last line at its end. */
async function run(args: string[], afterMs?: number): Promise<string | undefined> {
  const process_ = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(process_, "exit");
  let output = "";
  try {
    process_.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output === "" && afterMs !== undefined)
        void systemClock.sleep(afterMs).then(() => process_.kill("SIGKILL"));
      output += text;
    });
    const [code] = await exited;
    return code === 0 ? output.trim().split("\n").at(-1) : undefined;
  } finally {
    process_.kill("SIGKILL");
  }
}

test("kill -9 at any moment of an apply: it ends by itself, and nothing is done twice", async () => {
  await using database = await testDatabase();
  await using directory = await temporaryDirectory("kill");
  const args = [child, database.url, directory.path];
  let killed = 0;
  let last: string | undefined;
  for (let attempt = 0; attempt < kills && last === undefined; attempt++) {
    last = await run(args, Math.random() * 400);
    if (last === undefined) killed++;
  }
  last ??= await run(args);
  assert.ok(killed > 0, "the apply was too quick to be killed");
  const { state, error, steps } = JSON.parse(last ?? "") as {
    state: string;
    error?: string;
    steps: string[];
  };
  assert.equal(state, "succeeded", error ?? "");
  assert.deepEqual(new Set(steps), new Set(["done"]));
  assert.equal(steps.length, 54);

  // Every file is there, whole, with nothing left beside it.
  const names = (await readdir(directory.path)).filter((name) => /^\.|^f\d+/.test(name));
  assert.equal(names.filter((name) => name.startsWith(".")).length, 0, names.join(" "));
  assert.equal(names.length, 45);
  for (let index = 0; index < 45; index++)
    assert.equal(await readFile(join(directory.path, `f${index}`), "utf8"), `content ${index}\n`);

  // What was under way on a host when the process died is done again (it was not in place); nothing else is.
  const counts = async (name: string) => {
    const lines = (await readFile(join(directory.path, name), "utf8")).trim().split("\n");
    return [...Map.groupBy(lines, (line) => line).values()].map((same) => same.length - 1);
  };
  const again = (list: number[]) => list.reduce((sum, count) => sum + count, 0);
  assert.ok(again(await counts("writes")) <= killed * 9, "at most the files of one wave are repeated");
  assert.ok(again(await counts("journal")) <= killed * 6, "at most the steps of one wave are repeated");

  const rows = await database.sql<
    { count: number }[]
  >`select count(*)::int as count from infrastructure.resource`;
  assert.equal(rows[0]?.count, 54);
  const running = await database.sql`select 1 from infrastructure.apply where state = 'running'`;
  assert.equal(running.length, 0);
});

test("kill -9 with two applies side by side: both end by themselves", async () => {
  await using database = await testDatabase();
  await using directory = await temporaryDirectory("kill-two");
  const args = [childOfTwo, database.url, directory.path];
  let killed = 0;
  let last: string | undefined;
  for (let attempt = 0; attempt < 3 && last === undefined; attempt++) {
    last = await run(args, Math.random() * 300);
    if (last === undefined) killed++;
  }
  last ??= await run(args);
  assert.ok(killed > 0, "they were too quick to be killed");
  const applies = JSON.parse(last ?? "") as { state: string; error?: string; steps: string[] }[];
  for (const { state, error, steps } of applies) {
    assert.equal(state, "succeeded", error ?? "");
    assert.deepEqual(steps, Array(12).fill("done"));
  }
  assert.equal(applies.length, 2);
  const written = (await readFile(join(directory.path, "writes"), "utf8")).trim().split("\n");
  assert.equal(new Set(written).size, 20);
  assert.ok(written.length - 20 <= killed * 2, "at most one write of each apply and kill is repeated");
  const left = await database.sql`select 1 from infrastructure.lease`;
  assert.equal(left.length, 0);
});
