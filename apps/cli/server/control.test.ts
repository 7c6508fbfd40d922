import { equal, match, notEqual, rejects } from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HavnError } from "@havn/model";
import { checkout } from "../version.ts";
import { awaitServer, ensureServer, readReady, type StartOptions, stopServer } from "./control.ts";
import { findServer, isAlive } from "./record.ts";

/** A checkout with the real supervisor and a server small enough to fall on command. */
const folder = mkdtempSync(join(tmpdir(), "havn-control-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "apps/server"), { recursive: true });
mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
symlinkSync(process.execPath, join(folder, "node_modules/.bin/node"));
copyFileSync(join(checkout, "apps/server/supervise.sh"), join(folder, "apps/server/supervise.sh"));
writeFileSync(
  join(folder, "apps/server/main.ts"),
  `import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
if (process.env.FAIL) {
  console.error(process.env.FAIL);
  process.exit(1);
}
const { HAVN_DATA = "", HAVN_PORT, HAVN_SUPERVISOR_PID } = process.env;
const parts = { postgres: { ok: true, detail: "" } };
const server = createServer((_, response) => response.end(JSON.stringify({ status: "ready", parts })));
server.listen(Number(HAVN_PORT), "127.0.0.1", () =>
  writeFileSync(
    HAVN_DATA + "/server.json",
    JSON.stringify({
      pid: process.pid,
      supervisorPid: Number(HAVN_SUPERVISOR_PID),
      port: Number(HAVN_PORT),
      startedAt: Date.now(),
    }),
  ),
);
process.on("SIGTERM", () => process.exit(0));
`,
);

const signal = AbortSignal.timeout(120_000);
let directories = 0;

async function options(environment: StartOptions["environment"] = {}): Promise<StartOptions> {
  directories++;
  return {
    dataDirectory: join(folder, `data-${directories}`),
    port: await freePort(),
    environment: { PATH: process.env.PATH, ...environment },
    signal,
    tell: () => {},
    supervisor: join(folder, "apps/server/supervise.sh"),
  };
}

/** A port that is free, and the next one too. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? Math.min(address.port, 65_000) : 0;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20, undefined, { signal });
}

test("starts once, is found, starts again after kill -9, stops without a trace", async () => {
  const start = await options();
  try {
    const [first, second] = await Promise.all([ensureServer(start), ensureServer(start)]);
    equal(first.server.pid, second.server.pid);
    notEqual(first.started, second.started);
    const supervisor = first.server.supervisorPid ?? 0;
    process.kill(first.server.pid, "SIGKILL");
    // The signal is sent, not yet delivered: until then it is rightly found alive.
    await until(() => !isAlive(first.server.pid));
    // While it is away, whoever needs it waits for it, and nobody starts a second one.
    const [again, ensured] = await Promise.all([
      awaitServer(start.dataDirectory, signal),
      ensureServer(start),
    ]);
    equal(again?.supervisorPid, supervisor);
    notEqual(again?.pid, first.server.pid);
    equal(ensured.server.pid, again?.pid);
    await until(async () => (await readReady(start.port))?.ready === true);
    equal(await stopServer(start.dataDirectory, signal), true);
    equal(isAlive(supervisor) || isAlive(again?.pid ?? 0), false);
    equal(findServer(start.dataDirectory), undefined);
    match(
      readFileSync(join(start.dataDirectory, "server.log"), "utf8"),
      /ended with 137; starting it again in 1 s/,
    );
  } finally {
    await stopServer(start.dataDirectory, signal);
  }
  equal(await stopServer(start.dataDirectory, signal), false);
});

test("a server that dies at start is told with its own last words, and not tried again", async () => {
  const start = await options({ FAIL: 'Error: the key "x" is not readable\n    at somewhere (a.ts:1:2)' });
  await rejects(ensureServer(start), (error) => {
    equal(error instanceof HavnError, true);
    match((error as HavnError).detail, /It said last:\n {2}Error: the key "x" is not readable\n/);
    match((error as HavnError).detail, /not starting it again/);
    return true;
  });
  equal(findServer(start.dataDirectory), undefined);
});

test("a taken port is told before anything starts", async (context) => {
  const start = await options();
  const taken = createServer().listen(start.port, "127.0.0.1");
  context.after(() => taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  await rejects(ensureServer(start), /Port \d+ on 127\.0\.0\.1, .* is taken by another program/);
});

test("a data directory that is a file is told", async () => {
  const start = await options();
  writeFileSync(start.dataDirectory, "");
  await rejects(ensureServer(start), /The data directory .* cannot be used/);
});

test("a process that only has the recorded id is not taken for the server", async () => {
  const start = await options();
  mkdirSync(start.dataDirectory, { recursive: true });
  const record = { pid: process.pid, supervisorPid: process.pid, port: start.port, startedAt: Date.now() };
  writeFileSync(join(start.dataDirectory, "server.json"), JSON.stringify(record));
  equal(findServer(start.dataDirectory), undefined);
  equal(await stopServer(start.dataDirectory, signal), false);
});
