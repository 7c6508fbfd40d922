import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertEveryRouteGuarded, createHttpServer, createLive, defineRoute } from "@havn/http";
import type { NewEvent } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { z } from "zod";
import { createAccess } from "./index.ts";

const plan = defineRoute({
  method: "POST",
  path: "/api/v1/plans",
  summary: "Plan",
  access: { action: "plan:create" },
  body: z.object({ graph: z.string() }),
  response: z.object({ by: z.string() }),
  handle: ({ identity }) => ({ by: identity.actor }),
});

/** A whole server on a real database, with a clock that the test moves. */
async function open() {
  const database = await testDatabase();
  const dataDirectory = await mkdtemp(join(tmpdir(), "havn-access-"));
  const time = { now: 1_795_000_000_000 };
  const clock = { now: () => time.now, sleep: async () => undefined };
  const events: NewEvent[] = [];
  const timeline = { write: async (event: NewEvent) => void events.push(event) };
  const options = { sql: database.sql, clock, timeline, dataDirectory };
  const access = await createAccess(options);
  const live = createLive();
  live.topic("events", { action: "event:read" });
  const server = await createHttpServer({ routes: [...access.routes, plan], access, live });
  const { url } = await server.listen({ port: 0 });
  const cli = (await readFile(join(dataDirectory, "cli-token"), "utf8")).trim();
  const call = async (
    method: string,
    path: string,
    init: { as?: string; headers?: Record<string, string>; body?: unknown } = {},
  ) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(init.as ? { authorization: `Bearer ${init.as}` } : {}),
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...init.headers,
      },
      ...(init.body === undefined
        ? {}
        : { body: typeof init.body === "string" ? init.body : JSON.stringify(init.body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text ? JSON.parse(text) : undefined,
    };
  };
  const code = async (body: unknown = {}) => {
    const link = await call("POST", "/sign-in-links", { as: cli, body });
    return new URL(link.json.url).hash.slice(1);
  };
  return {
    ...{ database, dataDirectory, time, events, options, access, server, url, cli, call, code },
    async [Symbol.asyncDispose]() {
      await server.close();
      await database[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

test("no route answers an anonymous caller", async () => {
  await using it = await open();
  await assertEveryRouteGuarded(it.server);
});

test("each role may do what it may: by its token, told with the action's name", async () => {
  await using it = await open();
  const may: Record<string, number[]> = {};
  for (const role of ["viewer", "operator", "admin"]) {
    const { json } = await it.call("POST", "/tokens", { as: it.cli, body: { role, name: role } });
    assert.match(json.token, /^havn_[\w-]{43}$/);
    const read = await it.call("GET", "/audit", { as: json.token });
    const change = await it.call("POST", "/plans", { as: json.token, body: { graph: "" } });
    const grant = await it.call("POST", "/tokens", { as: json.token, body: { role: "admin", name: "x" } });
    may[role] = [read.status, change.status, grant.status];
    if (role === "viewer") assert.match(change.json.error.summary, /viewer.*plan:create/);
  }
  assert.deepEqual(may, { viewer: [200, 403, 403], operator: [200, 200, 403], admin: [200, 200, 201] });
  assert.ok(it.events.some((event) => event.kind === "token.created"));
});

test("wrong, expired and revoked tokens are refused in plain words", async () => {
  await using it = await open();
  const wrong = await it.call("GET", "/session", { as: "havn_nonsense" });
  assert.equal(wrong.status, 401);
  assert.equal(wrong.json.error.summary, "The token is not valid");
  const { json } = await it.call("POST", "/tokens", {
    as: it.cli,
    body: { role: "viewer", name: "ci", expiresIn: "1h" },
  });
  assert.equal((await it.call("GET", "/session", { as: json.token })).status, 200);
  it.time.now += 3_600_000;
  const expired = await it.call("GET", "/session", { as: json.token });
  assert.equal(expired.status, 401);
  assert.match(expired.json.error.summary, /"ci" has expired/);
  const other = await it.call("POST", "/tokens", { as: it.cli, body: { role: "viewer", name: "old" } });
  assert.equal((await it.call("DELETE", `/tokens/${other.json.id}`, { as: it.cli })).status, 204);
  assert.equal((await it.call("GET", "/session", { as: other.json.token })).status, 401);
  assert.equal((await it.call("DELETE", `/tokens/${other.json.id}`, { as: it.cli })).status, 404);
  const stored = await it.database.sql`select encode(hash, 'escape') as hash, name from access.token`;
  assert.doesNotMatch(JSON.stringify(stored), /havn_/);
});

test("many wrong tokens from one address are slowed down, and a right one gets through all the same", async () => {
  await using it = await open();
  const statuses = [];
  for (let n = 0; n < 25; n++) statuses.push((await it.call("GET", "/session", { as: "havn_guess" })).status);
  assert.equal(statuses[0], 401);
  assert.equal(statuses[24], 429);
  assert.equal((await it.call("GET", "/session", { as: it.cli })).status, 200);
});

test("a link signs in once, within its time", async () => {
  await using it = await open();
  const code = await it.code({ role: "operator", name: "ada" });
  const signedIn = await it.call("POST", "/sessions", { body: { code } });
  assert.equal(signedIn.status, 201);
  assert.equal(signedIn.json.actor, "user:ada");
  assert.match(
    signedIn.headers.get("set-cookie") ?? "",
    /^havn-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/,
  );
  const again = await it.call("POST", "/sessions", { body: { code } });
  assert.equal(again.status, 401);
  assert.match(again.json.error.summary, /used already/);
  const late = await it.code();
  it.time.now += 15 * 60_000;
  const expired = await it.call("POST", "/sessions", { body: { code: late } });
  assert.equal(expired.status, 401);
  assert.match(expired.json.error.summary, /has expired/);
  const unknown = await it.call("POST", "/sessions", { body: { code: "guess" } });
  assert.match(unknown.json.error.summary, /is not known/);
});

test("of many who use one link at once, one gets in", async () => {
  await using it = await open();
  const code = await it.code();
  const tries = await Promise.all(
    Array.from({ length: 8 }, () => it.call("POST", "/sessions", { body: { code } })),
  );
  assert.equal(tries.filter(({ status }) => status === 201).length, 1);
});

test("a session needs its CSRF token for changes, slides while used, and ends", async () => {
  await using it = await open();
  const signedIn = await it.call("POST", "/sessions", { body: { code: await it.code() } });
  const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const csrf = signedIn.json.csrfToken as string;
  assert.equal((await it.call("POST", "/plans", { headers: { cookie }, body: { graph: "" } })).status, 403);
  const changed = await it.call("POST", "/plans", {
    headers: { cookie, "x-havn-csrf": csrf },
    body: { graph: "" },
  });
  assert.deepEqual(changed.json, { by: "user:admin" });
  for (let hours = 0; hours < 24; hours += 11) {
    it.time.now += 11 * 3_600_000;
    assert.equal((await it.call("GET", "/session", { headers: { cookie } })).json.csrfToken, csrf);
  }
  it.time.now += 12 * 3_600_000;
  assert.equal((await it.call("GET", "/session", { headers: { cookie } })).status, 401);

  const next = await it.call("POST", "/sessions", { body: { code: await it.code() } });
  const fresh = (next.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const out = await it.call("DELETE", "/sessions", {
    headers: { cookie: fresh, "x-havn-csrf": next.json.csrfToken },
  });
  assert.equal(out.status, 204);
  assert.match(out.headers.get("set-cookie") ?? "", /Max-Age=0/);
  assert.equal((await it.call("GET", "/session", { headers: { cookie: fresh } })).status, 401);
});

test("malformed JSON and a body over the limit change nothing", async () => {
  await using it = await open();
  const malformed = await it.call("POST", "/plans", {
    as: it.cli,
    body: '{"graph":',
    headers: { "content-type": "application/json" },
  });
  assert.equal(malformed.status, 400);
  assert.match(malformed.json.error.summary, /not valid JSON/);
  const large = await it
    .call("POST", "/plans", { as: it.cli, body: `{"graph":"${"x".repeat(100 * 1024 * 1024)}"}` })
    .then(({ status }) => status)
    // The server hangs up on what it will not read; some clients then report the broken pipe instead of the answer.
    .catch(() => 413);
  assert.equal(large, 413);
  assert.deepEqual(await it.access.verifyAudit(), { ok: true, entries: 0 });
});

test("the audit chain is whole under concurrent writers, and tampering is found wherever it is done", async () => {
  await using it = await open();
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => it.call("POST", "/plans", { as: it.cli, body: { graph: `${n}` } })),
  );
  assert.deepEqual(await it.access.verifyAudit(), { ok: true, entries: 30 });
  const { json } = await it.call("GET", "/audit?limit=2&before=30", { as: it.cli });
  assert.deepEqual(
    json.entries.map((entry: { id: number }) => entry.id),
    [29, 28],
  );
  assert.equal(json.entries[0].actor, "token:cli");
  const { sql } = it.database;
  const tampering: [string, number, RegExp][] = [
    ["update access.audit set actor = 'token:other' where id = 12", 12, /was changed/],
    ["delete from access.audit where id = 20", 20, /is missing/],
    ["delete from access.audit where id > 25", 26, /at the end are missing/],
    ["update access.audit set previous = hash where id = 3", 3, /was changed/],
  ];
  for (const [statement, firstBroken, detail] of tampering) {
    await sql.unsafe("create table access.kept as table access.audit").simple();
    await sql.unsafe(statement);
    const state = await it.access.verifyAudit();
    assert.equal(state.ok, false, statement);
    assert.deepEqual(state.ok ? undefined : state.firstBroken, firstBroken);
    assert.match(state.ok ? "" : state.detail, detail);
    await sql.unsafe(
      "delete from access.audit; insert into access.audit table access.kept; drop table access.kept",
    );
  }
  assert.equal((await it.access.verifyAudit()).ok, true);
});

test("a secret is made once, opens only under its own name and key", async () => {
  await using it = await open();
  const { secrets } = it.access;
  assert.equal(await secrets.find("shop", "db"), undefined);
  const made = await Promise.all([1, 2, 3, 4].map(() => secrets.ensure("shop", "db")));
  assert.equal(new Set(made).size, 1);
  assert.match(made[0] ?? "", /^[\w-]{32}$/);
  assert.notEqual(await secrets.ensure("other", "db"), made[0]);
  const { sql } = it.database;
  const [row] = await sql<{ text: string }[]>`select encode(sealed, 'escape') as text from access.secret`;
  assert.ok(row && !row.text.includes(made[0] ?? ""));
  await sql`insert into access.secret select 'shop', 'moved', nonce, sealed, 0 from access.secret where environment = 'other'`;
  await assert.rejects(secrets.find("shop", "moved"), /"moved" of shop cannot be opened/);
});

test("keys and the first token are private files, kept over restarts; a foreign key is told at start", async () => {
  await using it = await open();
  for (const file of ["keys", "cli-token"])
    assert.equal((await stat(join(it.dataDirectory, file))).mode & 0o777, 0o600);
  const secret = await it.access.secrets.ensure("shop", "db");
  const again = await createAccess(it.options);
  assert.equal(await again.secrets.find("shop", "db"), secret);
  assert.equal((await readFile(join(it.dataDirectory, "cli-token"), "utf8")).trim(), it.cli);
  await writeFile(join(it.dataDirectory, "keys"), `${Buffer.alloc(32).toString("base64url")}\n`);
  await assert.rejects(createAccess(it.options), /cannot be opened/);
});

test("a live subscription needs an identity whose role may", async () => {
  await using it = await open();
  const socket = new WebSocket(`${it.url.replace("http", "ws")}/api/v1/live`);
  const outcome = await new Promise((resolve) => {
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  });
  assert.equal(outcome, "refused");
});

test("sessions, links and tokens that ended long ago are forgotten, those in use are not", async () => {
  await using it = await open();
  const day = 86_400_000;
  const kept = await it.access.tokens.create({ role: "viewer", name: "kept", actor: "a" });
  const revoked = await it.access.tokens.create({ role: "viewer", name: "revoked", actor: "a" });
  await it.access.tokens.create({ role: "viewer", name: "expired", actor: "a", expiresIn: day });
  await it.access.tokens.revoke(revoked.id, "a");
  await it.access.signIn.open(await it.code());
  const rows = async (table: string) =>
    (await it.database.sql`select 1 from ${it.database.sql(`access.${table}`)}`).length;
  await it.access.prune();
  assert.deepEqual([await rows("token"), await rows("session"), await rows("sign_in_link")], [4, 1, 1]);
  it.time.now += 32 * day;
  await it.access.prune();
  assert.deepEqual([await rows("token"), await rows("session"), await rows("sign_in_link")], [2, 0, 0]);
  assert.equal((await it.access.tokens.find(kept.token))?.name, "kept");
  assert.equal((await it.access.tokens.find(it.cli))?.name, "cli");
});
