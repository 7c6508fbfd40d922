import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type CheckSpec, checkSpec, systemClock } from "@havn/model";
import { until } from "@havn/testkit";
import { type CheckRun, createProbes } from "./runner.ts";

async function serve() {
  const state = { status: 200, silent: false, asked: 0 };
  const server = createServer((_request, response) => {
    state.asked++;
    if (!state.silent) response.writeHead(state.status).end("all is well");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...{ state, port, url: `http://127.0.0.1:${port}/healthz` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const check = (address: string, probe: object, more: Partial<CheckSpec> = {}): CheckSpec =>
  checkSpec.parse({
    name: address,
    address,
    interval: "20ms",
    retryInterval: "5ms",
    timeout: "30s",
    probe,
    ...more,
  });

/** Runs as they come; `find` waits for one that fits. */
function watch() {
  const runs: CheckRun[] = [];
  return {
    runs,
    onRun: (run: CheckRun) => void runs.push(run),
    find: (what: string, fits: (run: CheckRun) => boolean) => until(() => runs.find(fits), { what }),
  };
}

test("soft, hard, and well again", { timeout: 600_000 }, async () => {
  await using server = await serve();
  const seen = watch();
  await using probes = createProbes({ clock: systemClock, onRun: seen.onRun });
  probes.setChecks([check("a", { kind: "http", url: server.url }, { attempts: 3 })]);
  await seen.find("OK", ({ result }) => result.state === "ok");
  server.state.status = 503;
  await seen.find("hard", ({ result }) => result.hardState === "critical");
  const bad = seen.runs.filter(({ result }) => result.state === "critical");
  assert.deepEqual(
    bad
      .slice(0, 3)
      .map(({ result }) => `${result.hard ? "hard" : "soft"} ${result.attempt}: ${result.output}`),
    ["soft 1: status 503, not 200", "soft 2: status 503, not 200", "hard 3: status 503, not 200"],
  );
  server.state.status = 200;
  seen.runs.length = 0;
  const well = await seen.find("OK again", ({ result }) => result.state === "ok");
  assert.equal(well.result.hardState, "ok");
  assert.equal(probes.results().length, 1);
});

test("timeouts, and what cannot even be tried, harm no other", { timeout: 600_000 }, async () => {
  await using server = await serve();
  server.state.silent = true;
  const seen = watch();
  await using probes = createProbes({ clock: systemClock, onRun: seen.onRun });
  probes.setChecks([
    check("slow", { kind: "http", url: server.url }, { timeout: "50ms" }),
    check("url", { kind: "http", url: "not a url" }),
    check("good", { kind: "tcp", host: "127.0.0.1", port: server.port }),
  ]);
  const slow = await seen.find("the slow one", ({ spec }) => spec.address === "slow");
  assert.equal(slow.result.output, "no answer within 50ms");
  const url = await seen.find("the wrong one", ({ spec }) => spec.address === "url");
  assert.equal(url.result.state, "critical");
  await seen.find("the good one", ({ spec, result }) => spec.address === "good" && result.state === "ok");
});

test("run now: out of its rhythm, once for all who ask; what it remembers outlives it", {
  timeout: 600_000,
}, async () => {
  await using server = await serve();
  server.state.status = 500;
  const seen = watch();
  const spec = check(
    "a",
    { kind: "http", url: server.url },
    { interval: "1h", attempts: 2, retryInterval: "1h" },
  );
  const first = createProbes({ clock: systemClock, onRun: seen.onRun });
  first.setChecks([spec]);
  await seen.find("the first run", () => true);
  const [both, again] = await Promise.all([first.run(["a", "none"]), first.run(["a"])]);
  assert.equal(both.length, 1);
  assert.equal(both[0]?.hard, true);
  assert.deepEqual(both, again);
  const memory = first.memory();
  await first[Symbol.asyncDispose]();
  await using second = createProbes({ clock: systemClock, onRun: seen.onRun, memory });
  second.setChecks([spec]);
  seen.runs.length = 0;
  const after = await seen.find("the next process' first run", () => true);
  assert.equal(after.result.hardState, "critical");
  assert.equal(after.result.hardSince, both[0]?.hardSince);
});

test("a check that stays as it was keeps its result; one that goes is not asked any more", {
  timeout: 600_000,
}, async () => {
  await using server = await serve();
  const seen = watch();
  await using probes = createProbes({ clock: systemClock, onRun: seen.onRun });
  const [a, b] = ["a", "b"].map((name) => check(name, { kind: "http", url: server.url }));
  assert.ok(a && b);
  probes.setChecks([a, b]);
  await seen.find("b", ({ spec }) => spec.address === "b");
  await seen.find("a", ({ spec }) => spec.address === "a");
  probes.setChecks([a]);
  assert.deepEqual(
    probes.results().map(({ address }) => address),
    ["a"],
  );
  seen.runs.length = 0;
  await until(() => seen.runs.length > 5, { what: "more runs" });
  assert.ok(seen.runs.every(({ spec }) => spec.address === "a"));
});

test("no more at once than there is room for", { timeout: 600_000 }, async () => {
  let open = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end();
    }, 10);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const seen = watch();
  try {
    await using probes = createProbes({ clock: systemClock, onRun: seen.onRun, limits: { sockets: 3 } });
    probes.setChecks(
      Array.from({ length: 40 }, (_, at) =>
        check(`c${at}`, { kind: "http", url: `http://127.0.0.1:${port}` }, { interval: "1h" }),
      ),
    );
    await until(() => probes.results().length === 40, { what: "all forty" });
    assert.ok(most <= 3, `${most} at once`);
  } finally {
    server.close();
  }
});
