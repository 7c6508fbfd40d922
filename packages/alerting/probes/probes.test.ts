import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { CheckSpec } from "@havn/fleet/protocol";
import { systemClock } from "@havn/model";
import { createProbes, type ProbeResult } from "./runner.ts";

async function serve() {
  const state = { status: 200, body: "all is well", silent: false };
  const server = createServer((_request, response) => {
    if (!state.silent) response.writeHead(state.status).end(state.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    state,
    port,
    url: `http://127.0.0.1:${port}/healthz`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const check = (address: string, probe: CheckSpec["probe"], timeout = "2s"): CheckSpec => ({
  name: address,
  address,
  interval: "20ms",
  timeout,
  probe,
});

/** Resolves when a result fits; the test's own deadline bounds it. */
function watch() {
  const seen: ProbeResult[] = [];
  const waiting = new Set<() => void>();
  return {
    seen,
    onResult(result: ProbeResult) {
      seen.push(result);
      for (const wake of waiting) wake();
    },
    async until(fits: (result: ProbeResult) => boolean): Promise<ProbeResult> {
      for (;;) {
        const found = seen.find(fits);
        if (found) return found;
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}

test("http: status, content, silence, refusal and recovery", { timeout: 20_000 }, async () => {
  await using server = await serve();
  const results = watch();
  await using probes = createProbes({ clock: systemClock, onResult: results.onResult });
  const http = (address: string, more: object = {}, timeout?: string) =>
    check(address, { kind: "http", url: server.url, status: 200, ...more }, timeout);
  probes.setChecks([http("a"), http("b", { contains: "well" }), http("c", { contains: "ill" })]);
  assert.equal((await results.until(({ address, ok }) => address === "a" && ok)).output, "status 200");
  await results.until(({ address, ok }) => address === "b" && ok);
  const missing = await results.until(({ address, ok }) => address === "c" && !ok);
  assert.match(missing.output, /does not contain "ill"/);
  server.state.status = 503;
  const failed = await results.until(({ address, ok }) => address === "a" && !ok);
  assert.equal(failed.output, "status 503, not 200");
  server.state.status = 200;
  results.seen.length = 0;
  const again = await results.until(({ address, ok }) => address === "a" && ok);
  assert.ok(again.since >= failed.since);
  assert.equal(probes.results().length, 3);
  server.state.silent = true;
  probes.setChecks([http("d", {}, "50ms")]);
  assert.equal((await results.until(({ address }) => address === "d")).output, "no answer within 50ms");
  assert.deepEqual(
    probes.results().map(({ address }) => address),
    ["d"],
  );
});

test("a single failure is not believed", { timeout: 20_000 }, async () => {
  await using server = await serve();
  const results = watch();
  const sleeps: number[] = [];
  // Fails once, and is well again at the second try.
  const clock = {
    now: systemClock.now,
    sleep: (milliseconds: number, signal?: AbortSignal) => {
      sleeps.push(milliseconds);
      server.state.status = sleeps.length === 1 ? 500 : 200;
      return sleeps.length < 6 ? Promise.resolve() : systemClock.sleep(60_000, signal);
    },
  };
  await using probes = createProbes({ clock, onResult: results.onResult });
  probes.setChecks([check("a", { kind: "http", url: server.url, status: 200 })]);
  while (sleeps.length < 6) await systemClock.sleep(5);
  assert.deepEqual(
    results.seen.map(({ ok }) => ok),
    [true],
  );
});

test("tcp: open and refused", { timeout: 20_000 }, async () => {
  const results = watch();
  await using probes = createProbes({ clock: systemClock, onResult: results.onResult });
  const server = await serve();
  probes.setChecks([check("a", { kind: "tcp", host: "127.0.0.1", port: server.port })]);
  assert.equal((await results.until(({ ok }) => ok)).output, "connected");
  await server[Symbol.asyncDispose]();
  assert.match((await results.until(({ ok }) => !ok)).output, /ECONNREFUSED/);
});

test("what cannot even be tried fails its check and harms no other", { timeout: 20_000 }, async () => {
  await using server = await serve();
  const results = watch();
  await using probes = createProbes({ clock: systemClock, onResult: results.onResult });
  probes.setChecks([
    check("port", { kind: "tcp", host: "127.0.0.1", port: 99_999 }),
    check("url", { kind: "http", url: "not a url", status: 200 }),
    check("timeout", { kind: "tcp", host: "127.0.0.1", port: server.port }, "99999999d"),
    check("good", { kind: "tcp", host: "127.0.0.1", port: server.port }),
  ]);
  for (const address of ["port", "url", "timeout", "good"])
    await results.until((result) => result.address === address && result.ok === (address === "good"));
});
