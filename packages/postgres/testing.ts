import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { createSql, openPostgres, type Postgres, type Sql } from "./index.ts";

let shared: Promise<{ server: Postgres; directory: string }> | undefined;

// Registered while the test file loads, so that it belongs to the file and not to whichever test came first.
after(async () => {
  const started = await shared;
  if (!started) return;
  await started.server[Symbol.asyncDispose]();
  await rm(started.directory, { recursive: true, force: true });
});

/** One embedded server a test process, stopped and removed after its last test. */
export async function openTestPostgres(): Promise<Postgres> {
  shared ??= start();
  return (await shared).server;
}

async function start(): Promise<{ server: Postgres; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "havn-test-pg-"));
  return { server: await openPostgres({ dataDirectory: join(directory, "postgres") }), directory };
}

export interface TestDatabase extends AsyncDisposable {
  sql: Sql;
  url: string;
}

/** A fresh, empty database: `await using db = await testDatabase()`. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await openTestPostgres();
  const name = `test_${randomBytes(6).toString("hex")}`;
  await server.sql.unsafe(`create database ${name}`);
  const url = server.url.replace("/havn?", `/${name}?`);
  const sql = createSql(url);
  return {
    sql,
    url,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await server.sql.unsafe(`drop database ${name} with (force)`);
    },
  };
}
