import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Labels, systemClock } from "@havn/model";
import { freePort, until } from "@havn/testkit";
import { runSource, type Source } from "../agent/sources.ts";
import { parseExposition } from "../protocols/prometheus-text/parse.ts";
import { collectNginx } from "./nginx/index.ts";
import { collectRedis } from "./redis/index.ts";

// Debian's own servers, asked by us and by the field's exporters: what both tell has the same names and labels.

const asUser = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp("/tmp/havn-collect-");
  await chmod(path, 0o755);
  if (asUser.uid !== undefined) chownSync(path, asUser.uid, asUser.gid);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Runs until disposed of; `ready` is asked again and again. */
async function running(
  command: readonly string[],
  { ready, env = {} }: { ready: () => Promise<unknown>; env?: Record<string, string> },
): Promise<AsyncDisposable> {
  const [program = "", ...rest] = command;
  const child: ChildProcess = spawn(program, rest, {
    ...{ stdio: "ignore", cwd: "/tmp", ...asUser },
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", ...env },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await until(
      () =>
        ready().then(
          () => true,
          () => false,
        ),
      { what: program, timeoutMs: 120_000 },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

/** One collection as the agent makes it. */
async function collectOnce(source: Source): Promise<{ samples: Map<string, number>; logged: string[] }> {
  const stop = new AbortController();
  const samples = new Map<string, number>();
  const logged: string[] = [];
  const ended = runSource(source, {
    sink: {
      add: (labels: Labels, _: number, value: number) => {
        samples.set(shown(labels), value);
      },
      addStale: () => {},
    },
    ...{ labels: { host: "h" }, clock: systemClock, signal: stop.signal },
    log: (message) => logged.push(message),
  });
  await until(() => samples.size > 0, { what: "samples", timeoutMs: 120_000 });
  stop.abort();
  await ended;
  return { samples, logged };
}

/** Without what every series of the agent has. */
function shown({
  __name__: name = "",
  host: _h,
  job: _j,
  instance: _i,
  server: _s,
  ...labels
}: Labels): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())}`;
}

async function exposed(url: string): Promise<Map<string, number>> {
  const response = await fetch(url);
  const { samples } = parseExposition(new Uint8Array(await response.arrayBuffer()));
  return new Map(
    samples.map(({ name, labels, value }) => [
      shown({ ...Object.fromEntries(labels), __name__: name }),
      value,
    ]),
  );
}

const base = { job: "x", instance: "h:1", intervalMs: 3_600_000 };

test("Redis: what answers with lengths that are none is told as no Redis", { timeout: 60_000 }, async () => {
  for (const answer of ["$abc\r\n", "$-7\r\nmore\r\n", "$1e9\r\n"]) {
    const server = createServer((socket) => socket.on("error", () => undefined).end(answer));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const signal = AbortSignal.timeout(30_000);
    await assert.rejects(collectRedis({ address: `127.0.0.1:${port}` }, 0, signal), /it is no Redis/);
    server.close();
  }
});

test("Redis: what redis_exporter tells of it, with a password that must be quoted", {
  timeout: 300_000,
}, async () => {
  const [port, exporterPort] = [await freePort(), await freePort()];
  const password = 'p"w\r\n$5';
  await using dir = await folder();
  await writeFile(
    join(dir.path, "redis.conf"),
    `port ${port}\nbind 127.0.0.1\nsave ""\ndir ${dir.path}\nrequirepass "p\\"w\\r\\n$5"\n`,
    {
      mode: 0o644,
    },
  );
  const source: Source = { ...base, kind: "redis", address: `127.0.0.1:${port}` };
  const ask = async () => {
    const { samples } = await collectOnce({ ...source, password });
    assert.equal(samples.get("redis_up[]"), 1);
  };
  await using _server = await running(["redis-server", join(dir.path, "redis.conf")], { ready: ask });
  execFileSync("redis-cli", ["-p", String(port), "set", "a", "1", "ex", "1000"], {
    ...{ stdio: "ignore", env: { PATH: "/usr/bin:/bin", REDISCLI_AUTH: password } },
  });
  await using _exporter = await running(
    ["prometheus-redis-exporter", `-web.listen-address=127.0.0.1:${exporterPort}`],
    {
      ready: () => fetch(`http://127.0.0.1:${exporterPort}/`),
      env: { REDIS_ADDR: `redis://127.0.0.1:${port}`, REDIS_PASSWORD: password },
    },
  );
  const theirs = await exposed(`http://127.0.0.1:${exporterPort}/metrics`);
  const { samples: ours } = await collectOnce({ ...source, password });
  const missing = [...new Set([...theirs.keys()].map(nameOf))].filter(
    (name) => name.startsWith("redis_") && ![...ours.keys()].some((own) => nameOf(own) === name),
  );
  // What its configuration and its log of slow commands say, and what the exporter tells of itself.
  assert.deepEqual(
    missing.filter(
      (name) => !/^redis_(exporter|config|slowlog|last_slow|last_key|target|latency)_/.test(name),
    ),
    [],
  );
  const shapes = new Set([...theirs.keys()].map(shapeOf));
  assert.deepEqual(
    [...new Set([...ours.keys()].map(shapeOf))].filter(
      (shape) => !shapes.has(shape) && !/instance_info|errors_total/.test(shape),
    ),
    [],
  );
  const wrong = await collectOnce({ ...source, password: "wrong" });
  assert.deepEqual([...wrong.samples], [["redis_up[]", 0]]);
  assert.match(wrong.logged.join(), /WRONGPASS/);
  assert.doesNotMatch(wrong.logged.join(), /wrong"/);
});

/** Name and names of labels. */
const shapeOf = (key: string) => key.replaceAll(/,"(?:[^"\\]|\\.)*"\]/g, "]");
const nameOf = (key: string) => key.slice(0, key.indexOf("["));

test("NGINX: of an answer without an end only the begin is read", { timeout: 60_000 }, async () => {
  const server = createServer((socket) => {
    const more = () => socket.writable && socket.write("x".repeat(65_536));
    socket.on("error", () => undefined).on("drain", more);
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
    more();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const signal = AbortSignal.timeout(30_000);
  await assert.rejects(
    collectNginx({ url: `http://127.0.0.1:${port}/` }, signal),
    /it answers, but not with stub_status/,
  );
  server.close();
});

test("NGINX: what nginx-prometheus-exporter tells of it", { timeout: 300_000 }, async () => {
  const [port, exporterPort] = [await freePort(), await freePort()];
  await using dir = await folder();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir.path}/${name};`)
    .join(" ");
  await writeFile(
    join(dir.path, "nginx.conf"),
    `daemon off; pid ${dir.path}/pid; error_log ${dir.path}/log; events {}
     http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; location /status { stub_status; } } }`,
    { mode: 0o644 },
  );
  const url = `http://127.0.0.1:${port}/status`;
  await using _server = await running(
    ["nginx", "-c", join(dir.path, "nginx.conf"), "-e", join(dir.path, "log")],
    {
      ready: () => fetch(url),
    },
  );
  await using _exporter = await running(
    [
      "prometheus-nginx-exporter",
      "-nginx.scrape-uri",
      url,
      "-web.listen-address",
      `127.0.0.1:${exporterPort}`,
    ],
    { ready: () => fetch(`http://127.0.0.1:${exporterPort}/metrics`) },
  );
  const theirs = await exposed(`http://127.0.0.1:${exporterPort}/metrics`);
  const { samples: ours } = await collectOnce({ ...base, kind: "nginx", url });
  const names = [...theirs.keys()].filter((key) => /^nginx_(up|conn|http)/.test(key)).sort();
  assert.deepEqual([...ours.keys()].sort(), names);
  assert.ok(Number(ours.get("nginx_connections_active[]")) >= 1);
  const gone = await collectOnce({ ...base, kind: "nginx", url: `http://127.0.0.1:${port}/other` });
  assert.deepEqual([[...gone.samples], gone.logged.length], [[["nginx_up[]", 0]], 1]);
});

test("PostgreSQL: what postgres_exporter tells of it; one connection stays open", {
  timeout: 300_000,
}, async () => {
  const [port, exporterPort] = [await freePort(), await freePort()];
  const bin = "/usr/lib/postgresql/15/bin";
  await using dir = await folder();
  const data = join(dir.path, "data");
  execFileSync(`${bin}/initdb`, ["-D", data, "-U", "watch", "-A", "trust"], {
    ...{ ...asUser, stdio: "ignore", cwd: "/tmp" },
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  const source: Source = { ...base, kind: "postgres", host: "127.0.0.1", port, user: "watch" };
  const up = async () => assert.equal((await collectOnce(source)).samples.get("pg_up[]"), 1);
  await using _server = await running([`${bin}/postgres`, "-D", data, "-p", String(port), "-k", dir.path], {
    ready: up,
  });
  await using _exporter = await running(
    ["prometheus-postgres-exporter", `--web.listen-address=127.0.0.1:${exporterPort}`],
    {
      ready: async () =>
        assert.ok((await exposed(`http://127.0.0.1:${exporterPort}/metrics`)).get("pg_up[]") === 1),
      env: { DATA_SOURCE_NAME: `postgresql://watch@127.0.0.1:${port}/postgres?sslmode=disable` },
    },
  );
  const theirs = await exposed(`http://127.0.0.1:${exporterPort}/metrics`);
  // What others made in that database must not run with what the collector may.
  const trap = `create table public.trapped (at int);
    create function public.trap(text, json) returns text language plpgsql as
      'begin insert into public.trapped values (1); return $1 || $2::text; end';
    create operator public.|| (leftarg = text, rightarg = json, function = public.trap);`;
  const psql = (statement: string) =>
    execFileSync(`${bin}/psql`, ["-XAtq", "-h", "127.0.0.1", "-p", String(port), "-U", "watch", "postgres"], {
      ...{ input: statement, encoding: "utf8", env: { PATH: "/usr/bin:/bin" } },
    });
  psql(trap);
  const { samples: ours } = await collectOnce(source);
  assert.equal(psql("select count(*) from public.trapped").trim(), "0");
  // NaN stands there for "never"; here there is nothing then.
  const missing = [...theirs].filter(
    ([key, value]) => /^pg_(?!exporter|scrape)/.test(key) && !Number.isNaN(value) && !ours.has(key),
  );
  assert.deepEqual(
    missing.map(([key]) => key).filter((key) => !known.test(key)),
    [],
  );
  for (const key of [
    "pg_settings_max_connections[]",
    "pg_settings_shared_buffers_bytes[]",
    "pg_settings_checkpoint_timeout_seconds[]",
  ])
    assert.equal(ours.get(key), theirs.get(key), key);
  const stop = new AbortController();
  let rounds = 0;
  let sessions = 0;
  const ended = runSource(
    { ...source, intervalMs: 1_000 },
    {
      sink: {
        add(labels: Labels, _: number, value: number) {
          if (labels.__name__ === "pg_up") rounds++;
          if (labels.__name__ === "pg_stat_database_sessions" && labels.datname === "postgres")
            sessions = value;
        },
        addStale: () => {},
      },
      ...{ labels: {}, clock: systemClock, signal: stop.signal, log: () => {} },
    },
  );
  await until(() => rounds >= 2 && sessions > 0, { what: "a round", timeoutMs: 120_000 });
  const before = { rounds, sessions };
  await until(() => rounds >= before.rounds + 6, { what: "six more", timeoutMs: 120_000 });
  stop.abort();
  await ended;
  // Some of before may be counted late, and the exporter's own may come in between: not one a round, as ours would.
  assert.ok(sessions - before.sessions <= 3, `${sessions - before.sessions} new sessions in six rounds`);
});

/** What the exporter makes of a time that never was, and of a word. */
const known = /checksum|stats_reset|last_archive_age/;
