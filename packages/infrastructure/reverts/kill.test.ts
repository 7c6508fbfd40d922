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

const child = fileURLToPath(new URL("../testing/revert.test-child.ts", import.meta.url));
const kills = 4;

/** Runs the child; kills it `afterMs` after the revert runs, if it has not ended by then. Gives its last line at its end. */
async function run(args: string[], afterMs?: number): Promise<string | undefined> {
  const started = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(started, "exit");
  let output = "";
  try {
    started.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output === "" && afterMs !== undefined)
        void systemClock.sleep(afterMs).then(() => started.kill("SIGKILL"));
      output += text;
    });
    const [code] = await exited;
    return code === 0 ? output.trim().split("\n").at(-1) : undefined;
  } finally {
    started.kill("SIGKILL");
  }
}

test("kill -9 of control plane and agents in the middle of a revert: it ends, and all is as it was", async () => {
  await using database = await testDatabase();
  await using directory = await temporaryDirectory("revert-kill");
  const args = [database.url, directory.path];
  let killed = 0;
  let last: string | undefined;
  for (let attempt = 0; attempt < kills && last === undefined; attempt++) {
    last = await run(args, Math.random() * 200);
    if (last === undefined) killed++;
  }
  last ??= await run(args);
  assert.ok(killed > 0, "the revert was too quick to be killed");
  assert.deepEqual(JSON.parse(last ?? ""), { state: "succeeded" });
  const names = (await readdir(directory.path)).filter((name) => /^\.|^f\d+/.test(name));
  assert.equal(names.length, 30, names.join(" "));
  for (const name of names) assert.equal(await readFile(join(directory.path, name), "utf8"), "1\n", name);
});
