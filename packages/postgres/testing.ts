import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { createSql, openPostgres, type Postgres, type Sql } from "./index.ts";

let shared: Promise<Postgres> | undefined;

/** One embedded server a test process, stopped and removed after its last test. */
export function openTestPostgres(): Promise<Postgres> {
  shared ??= start();
  return shared;
}

async function start(): Promise<Postgres> {
  const directory = await mkdtemp(join(tmpdir(), "havn-test-pg-"));
  const server = await openPostgres({ dataDirectory: join(directory, "postgres") });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  return server;
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
