import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type ProbeOf, type ProbeSpec, probeSchema } from "@havn/model";
import { until } from "@havn/testkit";
import { testAuthority } from "./testing/certificates.ts";
import { attemptOf, describeNetworkProbe } from "./testing/contract.ts";
import { startDns, startMariadb, startPostgres, startRedis, startSmtp } from "./testing/servers.ts";

const password = "a-long-password";
const authority = await testAuthority();
const probe = (spec: unknown): ProbeSpec => probeSchema.parse(spec);

describeNetworkProbe("http", ({ port }) => probe({ kind: "http", url: `http://127.0.0.1:${port}/` }));
describeNetworkProbe("tls", (where) => probe({ kind: "tls", ...where }));
describeNetworkProbe("smtp", (where) => probe({ kind: "smtp", ...where }));
describeNetworkProbe("postgres", (where) => probe({ kind: "postgres", ...where, user: "watch", password }));
describeNetworkProbe("mysql", (where) => probe({ kind: "mysql", ...where, user: "watch", password }));
describeNetworkProbe("redis", (where) => probe({ kind: "redis", ...where, password }));
describeNetworkProbe("nrpe", (where) => probe({ kind: "nrpe", ...where, command: "x", tls: "off" }));
describeNetworkProbe("tcp", (where) => probe({ kind: "tcp", ...where, expect: "220 ready" }));

async function serve(listener: RequestListener, tls?: { cert: string; key: string }) {
  const server = tls ? createHttpsServer(tls, listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const http = (more: Partial<ProbeOf<"http">> & { url: string }) =>
  attemptOf(probe({ kind: "http", ...more }));

test("http: status, body, headers, JSON, redirects, slowness", async () => {
  await using server = await serve((request, response) => {
    if (request.url === "/old") return response.writeHead(302, { location: "/new" }).end();
    if (request.url === "/loop") return response.writeHead(302, { location: "/loop" }).end();
    if (request.url === "/echo") return request.pipe(response.writeHead(201));
    if (request.url === "/key")
      return response.writeHead(request.headers.authorization === "Bearer a-secret" ? 200 : 401).end();
    response.writeHead(200, { "content-type": "application/json", "x-version": "7" });
    return response.end(JSON.stringify({ status: "up", queues: [{ length: 3 }, 1], "a.b": null }));
  });
  const url = `http://127.0.0.1:${server.port}`;
  assert.equal((await http({ url })).output, "status 200");
  assert.equal((await http({ url, status: [204, 304] })).output, "status 200, not 204 or 304");
  assert.equal((await http({ url: `${url}/old` })).state, "critical");
  assert.equal((await http({ url: `${url}/old`, redirects: 1 })).output, "status 200 after 1 redirects");
  assert.equal((await http({ url: `${url}/loop`, redirects: 3 })).output, "status 302, not 200");
  assert.equal(
    (await http({ url: `${url}/echo`, method: "POST", body: "hello", status: 201, contains: "hello" })).state,
    "ok",
  );
  assert.equal(
    (await http({ url: `${url}/key`, headers: { authorization: "Bearer a-secret" } })).state,
    "ok",
  );
  const json = (wanted: ProbeOf<"http">["json"]) => http({ url, json: wanted });
  assert.equal(
    (await json({ status: "up", "queues[0].length": 3, "queues.length": 2, '["a.b"]': null })).state,
    "ok",
  );
  assert.equal((await json({ "$.status": "down" })).output, 'status 200, but $.status is "up", not "down"');
  assert.equal((await json({ "no.where": 1 })).output, "status 200, but no.where is not there, not 1");
  assert.equal((await json({ constructor: 1 })).output, "status 200, but constructor is not there, not 1");
  assert.equal(
    (await http({ url, contains: "ill" })).output,
    'status 200, but the answer does not contain "ill"',
  );
  assert.equal(
    (await http({ url, matches: "^\\[" })).output,
    "status 200, but the answer does not match /^\\[/",
  );
  assert.equal((await http({ url, responseHeaders: { "X-Version": "7" } })).state, "ok");
  assert.match((await http({ url, responseHeaders: { "x-none": "" } })).output, /without the header x-none/);
  const slow = await http({ url, slow: "1ms" });
  assert.ok(slow.state === "warning" || slow.state === "ok");
  const labels = slow.measures?.map(({ label }) => label) ?? [];
  for (const label of ["time", "connect", "first_byte", "transfer", "size"])
    assert.ok(labels.includes(label), label);
});

test("http: a redirect takes no credentials to another place", async () => {
  await using other = await serve((request, response) =>
    response.end(request.headers.authorization ?? "none"),
  );
  await using server = await serve((_, response) =>
    response.writeHead(302, { location: `http://localhost:${other.port}/` }).end(),
  );
  const url = `http://127.0.0.1:${server.port}/`;
  const attempt = await http({
    url,
    redirects: 1,
    headers: { authorization: "Bearer a-secret" },
    contains: "none",
  });
  assert.equal(attempt.state, "ok", attempt.output);
});

test("http: a second redirect in another place takes neither headers nor body", async () => {
  await using other = await serve((request, response) => {
    if (request.url === "/") return response.writeHead(307, { location: "/on" }).end();
    response.write(`${request.method} ${request.headers.authorization ?? "none"} `);
    return request.pipe(response);
  });
  await using server = await serve((_, response) =>
    response.writeHead(307, { location: `http://localhost:${other.port}/` }).end(),
  );
  const attempt = await http({
    ...{ url: `http://127.0.0.1:${server.port}/`, redirects: 2, method: "POST", body: "password" },
    ...{ headers: { authorization: "Bearer a-secret" }, matches: "^POST none $" },
  });
  assert.equal(attempt.state, "ok", attempt.output);
});

test("tls: trusted, about to end, ended, another name, nobody's", async () => {
  const see = async (name: string, days: number, more: object = {}) => {
    const { certificate, key } = await authority.issue(name, days);
    await using server = await serve((_, response) => response.end(), { cert: certificate, key });
    const given = {
      host: "127.0.0.1",
      port: server.port,
      name: "localhost",
      authority: authority.certificate,
    };
    return await attemptOf(probe({ kind: "tls", ...given, ...more }));
  };
  const good = await see("localhost", 60);
  assert.equal(good.state, "ok", good.output);
  assert.match(good.output, /^the certificate of localhost holds for 60 days more, TLSv1\.3$/);
  assert.equal((await see("localhost", 14)).state, "warning");
  assert.equal((await see("localhost", 3)).state, "critical");
  assert.match((await see("localhost", -2)).output, /expired 1 days ago|expired .* ago/);
  const other = await see("elsewhere.test", 60);
  assert.equal(other.state, "critical");
  assert.match(other.output, /not trusted: .*localhost/);
  assert.match((await see("localhost", 60, { authority: undefined })).output, /not trusted/);
});

test("dns: records, what is missing, what is not there", { timeout: 600_000 }, async () => {
  await using server = await startDns();
  const ask = (more: object) =>
    attemptOf(probe({ kind: "dns", server: `127.0.0.1:${server.port}`, ...more }));
  assert.equal((await ask({ name: "web.test", expect: ["192.0.2.10"] })).output, "A of web.test: 192.0.2.10");
  assert.equal((await ask({ name: "web.test", type: "AAAA" })).output, "AAAA of web.test: 2001:db8::10");
  assert.equal((await ask({ name: "web.test", type: "MX" })).output, "MX of web.test: 10 mail.web.test");
  assert.equal((await ask({ name: "web.test", type: "TXT" })).output, "TXT of web.test: hello there");
  assert.equal(
    (await ask({ name: "_ldap._tcp.web.test", type: "SRV" })).output,
    "SRV of _ldap._tcp.web.test: 1 2 389 web.test",
  );
  assert.equal((await ask({ name: "192.0.2.10", type: "PTR" })).output, "PTR of 192.0.2.10: web.test");
  const missing = await ask({ name: "web.test", expect: ["192.0.2.11"] });
  assert.equal(missing.output, "A of web.test is 192.0.2.10, without 192.0.2.11");
  assert.match((await ask({ name: "none.test" })).output, /no such name|no such record/);
});

test("smtp: STARTTLS, sign-in, an envelope that is not sent", { timeout: 600_000 }, async () => {
  await using server = await startSmtp(password, authority);
  const ask = (more: object) =>
    attemptOf(probe({ kind: "smtp", host: "127.0.0.1", port: server.port, ...more }));
  const plain = await ask({});
  assert.equal(plain.state, "ok", plain.output);
  const trusted = { security: "starttls", name: "localhost", authority: authority.certificate };
  assert.match((await ask({ security: "starttls" })).output, /certificate|altnames|self.signed/i);
  const signed = await ask({ ...trusted, user: "watch", password });
  assert.equal(signed.state, "ok", signed.output);
  const wrong = await ask({ ...trusted, user: "watch", password: "another-one" });
  assert.match(wrong.output, /AUTH PLAIN was answered "535/);
  assert.equal(
    (await ask({ ...trusted, user: "watch", password, from: "havn@example.org", to: "ada@example.org" }))
      .state,
    "ok",
  );
  const refused = await ask({
    ...trusted,
    user: "watch",
    password,
    from: "havn@example.org",
    to: "ada@elsewhere.net",
  });
  assert.match(refused.output, /550 not relaying/);
});

test("postgres: SCRAM, MD5, TLS, queries, and what it refuses", { timeout: 600_000 }, async () => {
  await using server = await startPostgres(password, authority);
  const ask = (more: object) =>
    attemptOf(
      probe({ kind: "postgres", host: "localhost", port: server.port, user: "watch", password, ...more }),
    );
  // It takes connections a moment before it answers them.
  await until(async () => (await ask({})).state === "ok", { what: "PostgreSQL answers" });
  assert.match((await ask({})).output, /^PostgreSQL 15\./);
  assert.equal((await ask({ user: "old", tls: "off" })).state, "ok");
  assert.equal((await ask({ tls: "off" })).state, "ok");
  assert.equal((await ask({ tls: "verify", authority: authority.certificate })).state, "ok");
  assert.match((await ask({ tls: "verify" })).output, /certificate|signature/i);
  const counted = await ask({ query: "select 6 * 7", expect: "42" });
  assert.equal(counted.output, 'the query gave "42"');
  assert.equal(counted.measures?.find(({ label }) => label === "value")?.value, 42);
  assert.equal((await ask({ query: "select 1", expect: "2" })).output, 'the query gave "1", not "2"');
  assert.match(
    (await ask({ query: "select broken" })).output,
    /ERROR: column "broken" does not exist \(42703\)/,
  );
  const wrong = await ask({ password: "another-password" });
  assert.match(wrong.output, /password authentication failed for user "watch" \(28P01\)/);
  assert.match((await ask({ database: "nowhere" })).output, /database "nowhere" does not exist/);
});

test("mysql: sign-in, TLS, queries, and what it refuses", { timeout: 600_000 }, async () => {
  await using server = await startMariadb(password, authority);
  const ask = (more: object) =>
    attemptOf(
      probe({ kind: "mysql", host: "127.0.0.1", port: server.port, user: "watch", password, ...more }),
    );
  const plain = await ask({});
  assert.match(plain.output, /^10\.\d+\.\d+-MariaDB/);
  assert.equal((await ask({ tls: "off" })).state, "ok");
  assert.match((await ask({ tls: "verify" })).output, /certificate|altnames|signature/i);
  assert.equal((await ask({ query: "select 6 * 7", expect: "42" })).output, 'the query gave "42"');
  assert.equal((await ask({ query: "select repeat('x', 70000)" })).state, "ok");
  assert.match((await ask({ query: "select broken" })).output, /Unknown column 'broken'.*\(1054\)/);
  assert.match(
    (await ask({ password: "another-password" })).output,
    /Access denied for user 'watch'.*\(1045\)/,
  );
  assert.match((await ask({ database: "nowhere" })).output, /denied|Unknown database/);
});

test("redis: AUTH, PING, its role", { timeout: 600_000 }, async () => {
  await using server = await startRedis(password);
  const ask = (more: object) =>
    attemptOf(probe({ kind: "redis", host: "127.0.0.1", port: server.port, password, ...more }));
  assert.equal((await ask({})).output, "PONG, role master");
  assert.equal((await ask({ role: "slave" })).output, "it is master, not slave");
  assert.match((await ask({ password: "another-password" })).output, /AUTH was refused: WRONGPASS/);
  assert.match((await ask({ password: undefined })).output, /PING was refused: NOAUTH/);
});

test("tcp: what is sent, and what must come", async () => {
  await using server = await serve((_, response) => response.end("well"));
  const ask = (more: object) =>
    attemptOf(probe({ kind: "tcp", host: "127.0.0.1", port: server.port, ...more }));
  assert.equal((await ask({})).output, "connected");
  const request = "GET / HTTP/1.0\r\n\r\n";
  assert.equal((await ask({ send: request, expect: "200 OK" })).state, "ok");
  assert.match(
    (await ask({ send: request, expect: "404" })).output,
    /"404" did not come: the connection was closed/,
  );
});

test("ping: this computer, and what is no host", { timeout: 600_000 }, async () => {
  const here = await attemptOf(probe({ kind: "ping", host: "127.0.0.1", count: 1 }));
  assert.match(here.output, /^[\d.]+ ms, 0 % of 1 lost$/);
  assert.equal(
    (await attemptOf(probe({ kind: "ping", host: "no.such.host.invalid", count: 1 }))).state,
    "critical",
  );
  assert.equal((await attemptOf(probe({ kind: "ping", host: "-f" }))).state, "unknown");
});
