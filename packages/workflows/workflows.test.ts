import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { openWorkflows } from "./index.ts";

test("starts once by id, retries what may be retried, keeps failures", async () => {
  await using db = await testDatabase();
  await using workflows = await openWorkflows({ sql: db.sql, postgresUrl: db.url, executorId: "test" });
  let runs = 0;
  const flow = workflows.define<number, number>("double", async (run, input) => {
    runs++;
    return run.step("double it", async () => input * 2);
  });
  let attempts = 0;
  const flaky = workflows.define<null, string>("flaky", (run) =>
    run.step(
      "second time lucky",
      async () => {
        attempts++;
        if (attempts === 1) throw new HavnError("not yet", { retryable: true });
        return "done";
      },
      { retries: 2 },
    ),
  );
  const broken = workflows.define<null, void>("broken", (run) =>
    run.step("fails", async () => {
      throw new HavnError("no such host", { detail: "Declare it." });
    }),
  );
  await workflows.launch();
  await Promise.all([flow.start("same", 21), flow.start("same", 21)]);
  assert.equal(await flow.result("same"), 42);
  await flow.start("same", 21);
  assert.equal(runs, 1);
  await flaky.start("flaky", null);
  assert.equal(await flaky.result("flaky"), "done");
  await broken.start("broken", null);
  await assert.rejects(broken.result("broken"), /no such host/);
  assert.deepEqual(
    [await flow.state("same"), await broken.state("broken"), await flow.state("never")],
    ["succeeded", "failed", undefined],
  );
});

test("killed again and again, parallel branches finish, and only steps under way repeat", async (context) => {
  await using db = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), "havn-workflows-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "effects");
  await writeFile(file, "");
  const start = () =>
    spawn(process.execPath, [new URL("./kill.test-child.ts", import.meta.url).pathname, db.url, file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  const effects = async () => (await readFile(file, "utf8")).split("\n").filter(Boolean);
  let kills = 0;
  for (let goal = 8; goal < 56; goal += 12) {
    const child = start();
    while ((await effects()).length < goal && child.exitCode === null)
      await new Promise((done) => setTimeout(done, 5));
    child.kill("SIGKILL");
    await once(child, "exit");
    kills++;
  }
  const last = start();
  const [out] = await once(last.stdout, "data");
  assert.equal(String(out).trim(), "finished");
  await once(last, "exit");
  const seen = await effects();
  assert.equal(new Set(seen).size, 60);
  assert.ok(
    seen.length <= 60 + kills * 3,
    `${seen.length} effects after ${kills} kills: at most one a branch may repeat`,
  );
});
