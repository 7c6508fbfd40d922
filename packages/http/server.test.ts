import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { HavnError, type Problem } from "@havn/model";
import { createSql } from "@havn/postgres";
import { z } from "zod";
import type { AccessGate, AuditEntry, Identity } from "./access.ts";
import { assertEveryRouteGuarded } from "./guard.ts";
import { defineRoute, RawResponse, type Route } from "./route.ts";
import { createHttpServer } from "./server.ts";

const person: Identity = { id: "1", actor: "user:ada", role: "operator", via: "token" };
const session: Identity = { ...person, id: "2", via: "session", csrfToken: "right" };

/** Knows two identities, and lets them do all but `vault:write`. */
function gate() {
  const audited: AuditEntry[] = [];
  const access: AccessGate = {
    async authenticate({ authorization, cookies }) {
      if (authorization === "Bearer good") return person;
      if (authorization) throw new HavnError("The token is not valid", { status: 401 });
      return cookies.session === "good" ? session : undefined;
    },
    decide: (_identity, action) => action !== "vault:write",
    async audit(entry) {
      audited.push(entry);
    },
  };
  return { access, audited };
}

const things = defineRoute({
  method: "POST",
  path: "/api/v1/things/:id",
  summary: "Make a thing",
  access: { action: "thing:create", subject: ({ params, body }) => `thing ${params.id} ${body.name}` },
  params: z.object({ id: z.string().max(5) }),
  query: z.object({ copies: z.coerce.number().int().default(1) }),
  body: z.strictObject({ name: z.string(), size: z.number().optional() }),
  response: z.object({ name: z.string(), copies: z.number() }),
  status: 201,
  handle: ({ params, query, body, identity }) => ({
    name: `${params.id}/${body.name}/${identity.actor}`,
    copies: query.copies,
    secret: "not in the schema",
  }),
});

async function serve(routes: Route[], options: { closeGraceMs?: number; leftoverMs?: number } = {}) {
  const { access, audited } = gate();
  const logged: unknown[] = [];
  const keep = (message: string, fields?: Record<string, unknown>) => void logged.push({ message, fields });
  const server = await createHttpServer({
    routes,
    access,
    logger: { info: keep, warn: keep, error: keep },
    ...options,
    closeGraceMs: options.closeGraceMs ?? 1000,
  });
  const { url, port } = await server.listen({ port: 0 });
  const call = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: "Bearer good", "content-type": "application/json", ...init.headers },
    });
  return { server, url, port, call, audited, logged, [Symbol.asyncDispose]: () => server.close() };
}

const problem = async (response: Response) =>
  ((await response.json()) as { error: { summary: string; detail: string } }).error;

test("parses in, decides, audits, and sends only what the schema names", async () => {
  await using it = await serve([things]);
  const response = await it.call("/api/v1/things/a?copies=2", { method: "POST", body: '{"name":"b"}' });
  assert.equal(response.status, 201);
  assert.deepEqual(await response.json(), { name: "a/b/user:ada", copies: 2 });
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.match(response.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  assert.deepEqual(
    it.audited.map(({ action, resource, outcome, actor }) => ({ action, resource, outcome, actor })),
    [{ action: "thing:create", resource: "thing a b", outcome: "allowed", actor: "user:ada" }],
  );
});

const badInput: [
  string,
  { path?: string; body?: string; headers?: Record<string, string> },
  number,
  RegExp,
][] = [
  ["malformed JSON", { body: '{"name":' }, 400, /not valid JSON/],
  ["a NUL in the body", { body: '{"name":"a\\u0000b"}' }, 400, /body\.name holds what no text may hold/],
  ["half a character", { body: '{"name":"\\ud83d"}' }, 400, /body\.name holds/],
  ["a NUL in the path", { path: "/api/v1/things/%00", body: '{"name":"b"}' }, 400, /path\.id holds/],
  [
    "an address that is no URL",
    { path: "/api/v1/things/%ff", body: '{"name":"b"}' },
    400,
    /address is not valid/,
  ],
  ["endless depth", { body: "[".repeat(10_000) + "]".repeat(10_000) }, 400, /too deeply/],
  ["prototype poisoning", { body: '{"__proto__":{"a":1}}' }, 400, /not valid JSON/],
  ["no body", { body: "" }, 400, /empty/],
  ["wrong field", { body: '{"name":3}' }, 400, /body\.name: .*expected string/],
  ["unknown field", { body: '{"name":"b","colour":1}' }, 400, /colour/],
  ["wrong path parameter", { path: "/api/v1/things/toolong", body: "{}" }, 400, /path\.id: Too big/],
  ["wrong query", { path: "/api/v1/things/a?copies=x", body: "{}" }, 400, /query\.copies: .*expected number/],
  [
    "form where JSON belongs",
    { body: "name=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
    415,
    /JSON/,
  ],
  [
    "wrong token",
    { body: '{"name":"b"}', headers: { authorization: "Bearer bad" } },
    401,
    /token is not valid/,
  ],
  ["anonymous", { body: "not even json", headers: { authorization: "" } }, 401, /Nobody is signed in/],
  ["unknown route", { path: "/api/v1/nothing" }, 404, /Nothing answers POST \/api\/v1\/nothing/],
];
for (const [name, { path = "/api/v1/things/a", ...init }, status, expected] of badInput)
  test(`${name} is answered with ${status} and one clear problem`, async () => {
    await using it = await serve([things]);
    const response = await it.call(path, { method: "POST", ...init });
    assert.equal(response.status, status);
    const { summary, detail } = await problem(response);
    assert.match(`${summary} ${detail}`, expected);
    assert.deepEqual(it.audited, []);
    assert.deepEqual(it.logged, []);
  });

test("a denied caller is told the action before the body is looked at, and the attempt is audited", async () => {
  const vault = defineRoute({
    method: "PUT",
    path: "/vault",
    summary: "Write",
    access: { action: "vault:write" },
    body: z.object({}),
    response: z.object({}),
    handle: () => assert.fail("must not run"),
  });
  await using it = await serve([vault]);
  const response = await it.call("/vault", { method: "PUT", body: "{{{" });
  assert.equal(response.status, 403);
  assert.match((await problem(response)).summary, /operator.*vault:write/);
  assert.deepEqual(
    it.audited.map((entry) => entry.outcome),
    ["denied"],
  );
});

test("a database that is away is no failure of Havn: it can be tried again", async () => {
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(createSql("postgresql://nobody@127.0.0.1:1/none"), (client) => client.end());
  const asking = defineRoute({
    method: "GET",
    path: "/asking",
    summary: "Asks",
    access: { action: "thing:read" },
    response: z.object({}),
    async handle() {
      await sql`select 1`;
      return {};
    },
  });
  await using it = await serve([asking]);
  const response = await it.call("/asking");
  assert.equal(response.status, 503);
  const { error } = (await response.json()) as Problem;
  assert.deepEqual([error.summary, error.retryable], ["PostgreSQL is away", true]);
});

test("an inner failure tells nothing of itself and is logged; a known one is told as it stands", async () => {
  const broken = defineRoute({
    method: "GET",
    path: "/broken",
    summary: "Breaks",
    access: { action: "thing:read" },
    query: z.object({ how: z.string() }),
    response: z.object({ number: z.number() }),
    handle({ query }) {
      if (query.how === "known")
        throw new HavnError("The host is away", { status: 409, detail: "Start it.", retryable: true });
      if (query.how === "schema") return { number: "seven" as unknown as number };
      throw new Error("password is hunter2");
    },
  });
  await using it = await serve([broken]);
  for (const how of ["inner", "schema"]) {
    const response = await it.call(`/broken?how=${how}`);
    assert.equal(response.status, 500);
    assert.equal((await problem(response)).summary, "internal error");
  }
  assert.equal(it.logged.length, 2);
  const known = await it.call("/broken?how=known");
  assert.equal(known.status, 409);
  assert.deepEqual(await problem(known), {
    summary: "The host is away",
    detail: "Start it.",
    retryable: true,
    diagnostics: [],
  });
});

test("a change that fails leaves a second audit entry", async () => {
  const failing = defineRoute({
    method: "DELETE",
    path: "/thing",
    summary: "Fails",
    access: { action: "thing:delete" },
    response: z.null(),
    handle() {
      throw new HavnError("no", { status: 409 });
    },
  });
  await using it = await serve([failing]);
  assert.equal((await it.call("/thing", { method: "DELETE", body: "{}" })).status, 409);
  assert.deepEqual(
    it.audited.map((entry) => entry.outcome),
    ["allowed", "failed"],
  );
});

test("a 100 MB body is refused without being read", async () => {
  await using it = await serve([things]);
  const declared = await rawRequest(it.port, [
    "POST /api/v1/things/a HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer good\r\n" +
      `content-type: application/json\r\ncontent-length: ${100 * 1024 * 1024}\r\n\r\n{`,
  ]);
  assert.match(declared, /^HTTP\/1\.1 413 /);
  assert.match(declared, /body is too large/);
  const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
  const chunked = await rawRequest(it.port, [
    "POST /api/v1/things/a HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer good\r\n" +
      "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    ...Array.from({ length: 6 }, () => chunk),
  ]);
  assert.match(chunked, /^HTTP\/1\.1 413 /);
});

test("who is told that a body is too large, and never ends it, is hung up on", async () => {
  await using it = await serve([things], { leftoverMs: 1 });
  const socket = connect(it.port, "127.0.0.1");
  socket.on("error", () => undefined);
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  const ended = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(
    "POST /api/v1/things/a HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer good\r\n" +
      `content-type: application/json\r\ncontent-length: ${100 * 1024 * 1024}\r\n\r\n{`,
  );
  await ended;
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

/** Writes until the answer comes, and gives back what came until the connection ended. */
async function rawRequest(port: number, parts: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  let answer = "";
  const ended = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("data", (data) => {
    answer += data;
    socket.end();
  });
  for (const part of parts) socket.write(part);
  await ended;
  return answer;
}

test("an upload arrives as a stream and breaks off past its limit", async () => {
  const upload = defineRoute({
    method: "PUT",
    path: "/upload",
    summary: "Takes bytes",
    access: { action: "artifact:write" },
    consumes: "stream",
    bodyLimit: 1000,
    response: z.object({ size: z.number() }),
    handle: async ({ raw }) => ({ size: (await text(raw)).length }),
  });
  await using it = await serve([upload]);
  const headers = { "content-type": "application/gzip" };
  const fits = await it.call("/upload", { method: "PUT", headers, body: "x".repeat(1000) });
  assert.deepEqual(await fits.json(), { size: 1000 });
  const declared = await it.call("/upload", { method: "PUT", headers, body: "x".repeat(1001) });
  assert.equal(declared.status, 413);
  const streamed = await it.call("/upload", {
    method: "PUT",
    headers,
    body: new Blob(["x".repeat(3000)]).stream(),
    duplex: "half",
  } as RequestInit);
  assert.equal(streamed.status, 413);
  assert.match((await problem(streamed)).detail, /1000 bytes/);
});

test("a form arrives as fields, and a route may answer failures in its own words", async () => {
  const query = defineRoute({
    method: "POST",
    path: "/query",
    summary: "Asks",
    access: { action: "metric:read" },
    reads: true,
    consumes: "form",
    body: z.object({ query: z.string(), "match[]": z.array(z.string()).optional() }),
    response: z.object({ query: z.string(), sets: z.number() }),
    onError: (error) => ({ status: error.status, body: { status: "error", error: error.message } }),
    handle: ({ body }) => ({ query: body.query, sets: body["match[]"]?.length ?? 0 }),
  });
  await using it = await serve([query]);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const asked = await it.call("/query", {
    method: "POST",
    headers,
    body: "query=up%7Ba%3D%221%22%7D&match[]=a&match[]=b",
  });
  assert.deepEqual(await asked.json(), { query: 'up{a="1"}', sets: 2 });
  const failed = await it.call("/query", { method: "POST", headers, body: "x=1" });
  assert.deepEqual(await failed.json(), { status: "error", error: "The body of the request is not valid" });
  assert.deepEqual(it.audited, []);
});

test("a session's change needs its CSRF token, and a name that cannot be rebound", async () => {
  await using it = await serve([things]);
  const post = (headers: Record<string, string>) =>
    it.server.inject({
      method: "POST",
      url: "/api/v1/things/a",
      headers: {
        cookie: "x=1; session=good",
        "content-type": "application/json",
        host: "127.0.0.1:4600",
        ...headers,
      },
      payload: '{"name":"b"}',
    });
  const missing = await post({});
  assert.equal(missing.statusCode, 403);
  assert.match(missing.body, /x-havn-csrf/);
  assert.equal((await post({ "x-havn-csrf": "wrong" })).statusCode, 403);
  assert.equal((await post({ "x-havn-csrf": "right" })).statusCode, 201);
  const rebound = await post({ "x-havn-csrf": "right", host: "evil.example:4600" });
  assert.equal(rebound.statusCode, 403);
  assert.match(rebound.body, /evil\.example/);
});

test("readiness tells which part is down; the process lives all the same", async () => {
  const { access } = gate();
  await using server = await createHttpServer({
    routes: [],
    access,
    parts: {
      postgres: async () => ({ ok: true, detail: "answers" }),
      clickhouse: async () => {
        throw new Error("secret path");
      },
    },
  });
  const ready = await server.inject({ method: "GET", url: "/readyz" });
  assert.equal(ready.statusCode, 503);
  assert.deepEqual(ready.json().parts.postgres, { ok: true, detail: "answers" });
  assert.equal(ready.json().parts.clickhouse.ok, false);
  assert.doesNotMatch(ready.body, /secret path/);
  assert.equal((await server.inject({ method: "GET", url: "/healthz" })).statusCode, 200);
});

test("the OpenAPI document names schemas and actions", async () => {
  await using it = await serve([things]);
  const document = (await (await fetch(`${it.url}/api/v1/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  assert.equal(document.openapi, "3.1.0");
  const operation = document.paths["/api/v1/things/{id}"]?.post;
  assert.equal(operation?.["x-havn-action"], "thing:create");
  assert.deepEqual(operation?.parameters, [
    { name: "id", in: "path", required: true, schema: { type: "string", maxLength: 5 } },
    {
      name: "copies",
      in: "query",
      required: false,
      schema: { type: "integer", default: 1, minimum: -9007199254740991, maximum: 9007199254740991 },
    },
  ]);
});

test("a route that does not declare who may use it keeps the server from starting", async () => {
  await using sound = await serve([things]);
  await assertEveryRouteGuarded(sound.server);
  for (const [access, fault] of [
    [undefined, /POST \/bare declares no access/],
    [{ public: "" }, /POST \/bare is public without a reason/],
    [{ action: "everything" }, /POST \/bare declares "everything"/],
  ] as const)
    await assert.rejects(serve([{ ...things, path: "/bare", access } as unknown as Route]), fault);
});

test("the walk finds a guarded route that answers strangers", async () => {
  const { access } = gate();
  await using server = await createHttpServer({
    routes: [{ ...things, method: "GET", handle: () => ({ name: "", copies: 1 }) }],
    access: { ...access, authenticate: async () => person },
  });
  await assert.rejects(
    assertEveryRouteGuarded(server),
    /GET \/api\/v1\/things\/:id answers an anonymous caller/,
  );
});

test("a taken port is told in plain words", async () => {
  await using it = await serve([]);
  const { access } = gate();
  await using second = await createHttpServer({ routes: [], access });
  await assert.rejects(second.listen({ port: it.port }), new RegExp(`Port ${it.port} .*is taken`));
});

test("closing lets a request under way end, and cuts one that will not", async () => {
  const started = Promise.withResolvers<void>();
  const slow = defineRoute({
    method: "GET",
    path: "/slow",
    summary: "Waits",
    access: { action: "thing:read" },
    response: z.object({ done: z.boolean() }),
    async handle({ signal }) {
      started.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { done: true };
    },
  });
  const file = defineRoute({
    method: "GET",
    path: "/file",
    summary: "A file",
    access: { action: "thing:read" },
    response: z.string(),
    handle: () => new RawResponse("body {}", { "content-type": "text/css" }),
  });
  await using it = await serve([slow, file], { closeGraceMs: 100 });
  const style = await it.call("/file");
  assert.equal(style.headers.get("content-type"), "text/css");
  assert.equal(await style.text(), "body {}");
  const answered = it.call("/slow").then(
    (response) => response.status,
    () => "cut",
  );
  await started.promise;
  await it.server.close();
  assert.ok([200, "cut"].includes(await answered));
});
