import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { HavnError } from "@havn/model";
import { openPostgres } from "@havn/postgres";
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
  const nested = workflows.define<null, string>("nested", async (run) => {
    assert.equal(DBOS.isWithinWorkflow(), false, "the engine numbers no call of a body");
    await run.step("start another", () => flow.start("from a body", 4));
    return `${await flow.result("from a body")}`;
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
  await nested.start("nested", null);
  assert.equal(await nested.result("nested"), "8");
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

test("PostgreSQL falls in the middle of a step: the step is tried again, and nothing has failed", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "havn-workflows-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  await using postgres = await openPostgres({ dataDirectory: join(directory, "postgres") });
  const { sql, url } = postgres;
  await sql`create table effect (name text primary key)`;
  await using workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
  let attempts = 0;
  const flow = workflows.define<null, void>("fallen", async (run) => {
    await run.step("in a transaction", () =>
      sql.begin(async (db) => {
        await db`insert into effect values ('begun') on conflict do nothing`;
        attempts++;
        if (attempts === 1) {
          process.kill(postgres.pid() ?? 0, "SIGKILL");
          // A backend outlives its postmaster for a moment; waiting, it notices, and ends.
          await db`select pg_sleep(60)`;
        }
        await db`insert into effect values ('ended') on conflict do nothing`;
      }),
    );
    // The same code as that of a socket which is gone, and yet a failure of the work.
    await run.step("a file that is not there", () => readFile(join(directory, "none"), "utf8"));
  });
  await workflows.launch();
  await flow.start("fallen", null);
  await assert.rejects(flow.result("fallen"), /ENOENT/);
  assert.equal(attempts, 2);
  const rows = await sql<{ name: string }[]>`select name from effect order by name`;
  assert.deepEqual(
    rows.map(({ name }) => name),
    ["begun", "ended"],
  );
});

test("at rest no step begins; after the next launch the work goes on", async () => {
  await using db = await testDatabase();
  const told: string[] = [];
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const open = async () => {
    const workflows = await openWorkflows({ sql: db.sql, postgresUrl: db.url, executorId: "test" });
    const flow = workflows.define<null, void>("two", async (run) => {
      await run.step("first", async () => {
        told.push("first");
        begun.resolve();
        await gate.promise;
      });
      await run.step("second", async () => void told.push("second"));
    });
    await workflows.launch();
    return { workflows, flow };
  };
  {
    const { workflows, flow } = await open();
    await using _workflows = workflows;
    assert.equal(workflows.healthy().ok, true);
    await flow.start("one", null);
    await begun.promise;
    workflows.rest();
    assert.equal(workflows.healthy().ok, false);
    gate.resolve();
    const recorded = () => db.sql`select 1 from workflows.step where workflow = 'one' and name = 'first'`;
    while ((await recorded()).length === 0) await new Promise((done) => setTimeout(done, 5));
  }
  told.push("launched again");
  const { workflows, flow } = await open();
  await using _workflows = workflows;
  await flow.result("one");
  assert.deepEqual(told, ["first", "launched again", "second"]);
});

test("forgets what ended, and keeps what runs", async () => {
  await using db = await testDatabase();
  await using workflows = await openWorkflows({ sql: db.sql, postgresUrl: db.url, executorId: "test" });
  const gate = Promise.withResolvers<void>();
  const flow = workflows.define<boolean, void>("maybe slow", async (run, slow) => {
    await run.step("begin", async () => {});
    if (slow) await gate.promise;
  });
  await workflows.launch();
  await flow.start("ended", false);
  await flow.result("ended");
  await flow.start("running", true);
  const steps = async () =>
    (await db.sql<{ workflow: string }[]>`select workflow from workflows.step order by workflow`).map(
      ({ workflow }) => workflow,
    );
  while ((await steps()).length < 2) await new Promise((done) => setTimeout(done, 5));
  await workflows.prune(Date.now() - 60_000);
  assert.deepEqual(await steps(), ["ended", "running"]);
  await workflows.prune(Date.now() + 60_000);
  assert.deepEqual(await steps(), ["running"]);
  assert.equal(await flow.state("ended"), undefined);
  assert.equal(await flow.state("running"), "running");
  gate.resolve();
  await flow.result("running");
});
