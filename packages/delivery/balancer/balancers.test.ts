import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { BalancerSpec } from "@havn/fleet/protocol";
import { systemClock } from "@havn/model";
import { createInstances } from "../instances/instances.ts";
import { runLoad } from "../testing/load.ts";
import { eventually, freePort, packTestRelease } from "../testing/release.ts";
import { type Balancer, createBalancer } from "./balancers.ts";
import { askHaproxy } from "./socket.ts";

type SlotState = BalancerSpec["slots"][number]["state"];

/** Real HAProxy and real processes of a release on loopback. */
async function openBench() {
  const release = await packTestRelease();
  const directory = await mkdtemp(join(tmpdir(), "havn-bal-"));
  const lines: string[] = [];
  const openBalancer = () =>
    createBalancer({
      stateDirectory: directory,
      runtime: "process",
      clock: systemClock,
      onChange: () => {},
      onEvent: () => {},
      writeLog: ({ line }) => lines.push(line),
    });
  const instances = createInstances({
    stateDirectory: directory,
    releasesDirectory: join(directory, "releases"),
    clock: systemClock,
    fetchArtifact: () => release.fetch(),
    onChange: () => {},
    onEvent: () => {},
    writeLog: () => {},
  });
  const port = await freePort();
  const bench = {
    directory,
    port,
    url: `http://127.0.0.1:${port}`,
    instances,
    balancer: openBalancer(),
    socket: join(directory, "balancers/web/admin.sock"),
    async restartAgent() {
      await bench.balancer[Symbol.asyncDispose]();
      bench.balancer = openBalancer();
    },
    /** Starts an instance and waits until it is healthy; gives its port. */
    async run(
      name: string,
      env: Record<string, string> = {},
    ): Promise<{ id: string; port: number; pid: number }> {
      const spec = await release.spec({ id: `web-here-${name}`, env: { NAME: name, DELAY: "10", ...env } });
      await instances.start(spec);
      const { pid = 0 } = await instances.waitHealthy(spec.id, 20_000);
      return { id: spec.id, port: spec.port, pid };
    },
    spec: (
      slots: Record<number, { port: number; state?: SlotState }>,
      overrides: Partial<BalancerSpec> = {},
    ) => ({
      name: "web",
      address: "test/balancer/web",
      port,
      healthPath: "/healthz",
      slots: Array.from({ length: 16 }, (_, at) => {
        const used = slots[at + 1];
        return {
          slot: `slot${at + 1}`,
          ip: "127.0.0.1",
          port: used?.port ?? 1,
          state: used ? (used.state ?? ("ready" as const)) : ("maint" as const),
          weight: 100,
          ...(used ? { instance: `at-${used.port}` } : {}),
        };
      }),
      ...overrides,
    }),
    waitUp: (slot: number) =>
      bench.balancer.waitUp({ balancer: "web", slot: `slot${slot}`, timeoutMs: 20_000 }),
    async [Symbol.asyncDispose]() {
      await bench.balancer.remove("web");
      await bench.balancer[Symbol.asyncDispose]();
      for (const { id } of instances.list()) await instances.stop(id);
      await instances[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
      await release[Symbol.asyncDispose]();
    },
  };
  return bench;
}

const ask = async (url: string, headers: Record<string, string> = {}) =>
  (await (await fetch(url, { headers })).json()) as Record<string, string>;

const stateOf = (balancer: Balancer, slot: string) =>
  balancer.list()[0]?.slots.find((one) => one.slot === slot)?.state;

test("a swap of instances under load loses no request, GET or POST", async () => {
  await using bench = await openBench();
  let old = await bench.run("old");
  const other = await bench.run("other");
  await bench.balancer.apply(bench.spec({ 1: old, 2: other }));
  for (const slot of [1, 2]) await bench.waitUp(slot);

  const finished = new AbortController();
  const load = runLoad({ url: bench.url, rps: 300, seconds: 60, posts: 0.5, signal: finished.signal });
  for (const round of ["a", "b", "c"]) {
    const next = await bench.run(`new-${round}`);
    await bench.balancer.apply(bench.spec({ 1: old, 2: other, 3: next }));
    await bench.waitUp(3);
    await bench.balancer.drain({ balancer: "web", slot: "slot1", timeoutMs: 5000 });
    await bench.instances.stop(old.id);
    await bench.balancer.apply(bench.spec({ 1: next, 2: other }));
    await bench.waitUp(1);
    old = next;
  }
  finished.abort();
  const result = await load;
  assert.deepEqual([result.GET.reasons, result.POST.reasons], [{}, {}]);
  assert.ok(result.GET.sent > 200 && result.POST.sent > 200);
});

test("kill -9 of one instance under load loses no GET", async () => {
  await using bench = await openBench();
  const [one, two] = [await bench.run("one"), await bench.run("two")];
  await bench.balancer.apply(bench.spec({ 1: one, 2: two }));
  for (const slot of [1, 2]) await bench.waitUp(slot);
  const load = runLoad({ url: bench.url, rps: 300, seconds: 4, posts: 0 });
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { pid = 0 } = bench.instances.list().find(({ id }) => id === one.id) ?? {};
    if (pid) process.kill(pid, "SIGKILL");
  }
  const { GET } = await load;
  assert.deepEqual(GET.reasons, {});
  assert.equal(GET.sent, 1200);
});

test("a reload, a fall and a new agent find the slots as they were", async () => {
  await using bench = await openBench();
  const [one, two] = [await bench.run("one"), await bench.run("two")];
  await bench.balancer.apply(bench.spec({ 2: one, 5: two }));
  for (const slot of [2, 5]) await bench.waitUp(slot);
  const serves = async (url: string) => {
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) seen.add((await ask(url)).release ?? "");
    return [...seen].toSorted();
  };
  assert.deepEqual(await serves(bench.url), ["one", "two"]);

  // A changed frontend is a reload: under load, and on another port besides.
  const another = await freePort();
  const load = runLoad({ url: bench.url, rps: 200, seconds: 2, posts: 0.3 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await bench.balancer.apply(bench.spec({ 2: one, 5: two }, { healthPath: "/healthz?again" }));
  const result = await load;
  assert.deepEqual([result.GET.reasons, result.POST.reasons], [{}, {}]);
  await bench.balancer.apply(bench.spec({ 2: one, 5: two }, { port: another }));
  assert.deepEqual(await serves(`http://127.0.0.1:${another}`), ["one", "two"]);
  assert.ok(!(await readdir(join(bench.directory, "balancers/web"))).includes("servers.state"));

  // What the socket changed since is in the configuration, too.
  await bench.balancer.drain({ balancer: "web", slot: "slot5", timeoutMs: 5000 });
  assert.equal(stateOf(bench.balancer, "slot5"), "MAINT");
  const workerPid = async () =>
    Number(/^Pid: (\d+)$/m.exec(await askHaproxy(bench.socket, "show info"))?.[1]);
  const before = await workerPid();
  process.kill(before, "SIGKILL");
  await eventually("another worker", async () => (await workerPid().catch(() => before)) !== before);
  assert.deepEqual(await serves(`http://127.0.0.1:${another}`), ["one"]);

  await bench.restartAgent();
  const adopted = await workerPid();
  await bench.balancer.resume([]);
  assert.equal(await workerPid(), adopted);
  assert.deepEqual(await serves(`http://127.0.0.1:${another}`), ["one"]);
  assert.equal(stateOf(bench.balancer, "slot2"), "UP");
  // The second time an apply has nothing to change.
  await bench.balancer.apply(bench.spec({ 2: one, 5: two }, { port: another }));
  await bench.waitUp(5);
  assert.deepEqual(await serves(`http://127.0.0.1:${another}`), ["one", "two"]);
});

test("requests carry who asked, an id, and the caller's trace", async () => {
  await using bench = await openBench();
  const one = await bench.run("one");
  await bench.balancer.apply(bench.spec({ 1: one }));
  await bench.waitUp(1);
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const seen = await ask(bench.url, { traceparent });
  assert.equal(seen.forwardedFor, "127.0.0.1");
  assert.match(seen.requestId ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(seen.traceparent, traceparent);
  assert.equal((await ask(bench.url, { "x-request-id": "mine" })).requestId, "mine");
  const [target] = bench.balancer.scrapeTargets();
  const metrics = await (await fetch(`http://127.0.0.1:${target?.port}/metrics`)).text();
  assert.match(metrics, /haproxy_server_status\{proxy="instances",server="slot1",state="UP"\} 1/);
  const config = await readFile(join(bench.directory, "balancers/web/haproxy.cfg"), "utf8");
  assert.match(config, /server slot1 127\.0\.0\.1:\d+ weight 100$/m);
});

test("a drain waits for requests under way, and no longer than it may", async () => {
  await using bench = await openBench();
  const slow = await bench.run("slow", { DELAY: "700" });
  await bench.balancer.apply(bench.spec({ 1: slow }));
  await bench.waitUp(1);
  const underWay = async () => {
    const answer = ask(bench.url);
    await eventually("a request under way", async () => {
      const [, slot1] = (await askHaproxy(bench.socket, "show stat instances 4 -1")).split("\n");
      return slot1?.split(",")[4] === "1" || undefined;
    });
    return { answer };
  };
  const { answer } = await underWay();
  const drained = await bench.balancer.drain({ balancer: "web", slot: "slot1", timeoutMs: 10_000 });
  assert.equal(drained.sessionsLeft, 0);
  assert.equal((await answer).release, "slow");

  // One that takes too long is told of, and goes on in its instance until that ends.
  await bench.balancer.apply(bench.spec({ 1: slow }));
  await bench.waitUp(1);
  const late = await underWay();
  const bounded = await bench.balancer.drain({ balancer: "web", slot: "slot1", timeoutMs: 100 });
  assert.equal(bounded.sessionsLeft, 1);
  assert.equal((await late.answer).release, "slow");
});

test("what HAProxy cannot do is said plainly, and what runs stays", async () => {
  await using bench = await openBench();
  const one = await bench.run("one");
  await bench.balancer.apply(bench.spec({ 1: one }));
  await bench.waitUp(1);
  const taken: Server = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const address = taken.address();
  const port = typeof address === "object" && address ? address.port : 0;
  try {
    await assert.rejects(bench.balancer.apply(bench.spec({ 1: one }, { port })), /Port \d+ is taken/);
  } finally {
    taken.close();
  }
  await assert.rejects(
    bench.balancer.apply(bench.spec({ 1: one }, { healthPath: "/a b\nnonsense here" })),
    /HAProxy refuses the configuration/,
  );
  assert.equal((await ask(bench.url)).release, "one");
  await bench.balancer.apply(bench.spec({ 1: one, 2: { port: 1 } }));
  await assert.rejects(
    bench.balancer.waitUp({ balancer: "web", slot: "slot2", timeoutMs: 800 }),
    /slot2 of balancer web did not come up/,
  );
  execFileSync("haproxy", ["-c", "-q", "-f", join(bench.directory, "balancers/web/haproxy.cfg")]);
});
