import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { migrate, openPostgres } from "./index.ts";
import { testDatabase } from "./testing.ts";

test("keeps committed rows when the child is killed, and starts it again", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "havn-pg-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  await using postgres = await openPostgres({ dataDirectory: join(directory, "postgres") });
  await postgres.sql`create table kept (n int)`;
  for (let n = 0; n < 3; n++) {
    await postgres.sql`insert into kept values (${n})`;
    const killed = postgres.pid();
    assert.ok(killed);
    process.kill(killed, "SIGKILL");
    while (postgres.pid() === killed || !(await postgres.healthy()).ok)
      await new Promise((done) => setTimeout(done, 20));
  }
  const rows = await postgres.sql<{ n: number }[]>`select n from kept order by n`;
  assert.deepEqual(
    rows.map((row) => row.n),
    [0, 1, 2],
  );
});

test("takes the folder over from a server that outlived its control plane", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "havn-pg-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const data = join(directory, "postgres");
  const program = `
    import { openPostgres } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    const opened = await openPostgres({ dataDirectory: ${JSON.stringify(data)} });
    await opened.sql\`create table kept (n int)\`;
    console.log(opened.pid());`;
  const controlPlane = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program]);
  const [line] = await once(controlPlane.stdout, "data");
  controlPlane.kill("SIGKILL");
  await using postgres = await openPostgres({ dataDirectory: data });
  assert.notEqual(postgres.pid(), Number(line));
  assert.deepEqual([...(await postgres.sql`select * from kept`)], []);
});

test("migrations run once, in order, and must not change afterwards", async (context) => {
  await using db = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), "havn-migrations-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "0002-second.sql"), "insert into thing values ('second')");
  await writeFile(join(directory, "0001-first.sql"), "create table thing (name text)");
  const url = pathToFileURL(directory);
  await Promise.all([migrate(db.sql, "room", url), migrate(db.sql, "room", url)]);
  assert.deepEqual([...(await db.sql`select name from room.thing`)], [{ name: "second" }]);
  await writeFile(join(directory, "0002-second.sql"), "insert into thing values ('changed')");
  await assert.rejects(migrate(db.sql, "room", url), /has run and was changed/);
});

test("an unreachable external server is one plain error", async () => {
  await assert.rejects(
    openPostgres({ url: "postgresql://nobody@127.0.0.1:1/none" }),
    /PostgreSQL cannot be reached/,
  );
});

test("a connection that falls in the middle of a transaction fails it, and nothing else", {
  timeout: 300_000,
}, async () => {
  await using db = await testDatabase();
  for (let n = 0; n < 5; n++)
    await assert.rejects(
      db.sql.begin(async (held) => {
        const [row] = await held<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await db.sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
        // The first may still reach the old socket; the next is written when it is gone.
        await held`select 1`.catch(() => {});
        await held`select 2`;
      }),
    );
  const reserved = await db.sql.reserve();
  const [row] = await reserved<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await db.sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
  await assert.rejects(async () => {
    for (let n = 0; n < 3; n++) await reserved`select ${n}`;
  });
  reserved.release();
  assert.deepEqual([...(await db.sql`select 1 as n`)], [{ n: 1 }]);
});
