import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type Apply, HavnError, type NewEvent, type Resource, systemClock } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { createDelivery } from "../index.ts";
import { openTestHosts } from "../testing/hosts.ts";
import { runLoad } from "../testing/load.ts";
import { freePort, packTestRelease } from "../testing/release.ts";
import { createSteps } from "../testing/steps.ts";

const digest = "d".repeat(64);

/** Real PostgreSQL, real processes and real HAProxy; hosts are reached without a network. */
async function openBench() {
  const db = await testDatabase();
  const release = await packTestRelease();
  const directory = await mkdtemp(join(tmpdir(), "havn-delivery-"));
  const hosts = await openTestHosts(["web-1", "web-2", "lb-1"], () => release.fetch());
  const events = new Map<string, NewEvent>();
  const desired = new Map<string, unknown>();
  const started: { resource: Resource }[] = [];
  const delivery = await createDelivery({
    sql: db.sql,
    clock: systemClock,
    timeline: {
      async write(event) {
        const key = event.key ?? "";
        assert.notEqual(key, "", `${event.kind} needs a key`);
        if (!events.has(key)) events.set(key, event);
      },
    },
    hosts: hosts.client,
    desired: { put: async (host, section, value) => desired.set(`${host} ${section}`, value) },
    artifactsDirectory: join(directory, "artifacts"),
    filesInUse: async () => [],
    hostAddress: () => "127.0.0.1",
    runtimeOf: () => "process",
    report: hosts.report,
    async startApply(request) {
      started.push(request);
      return { id: "rollback" } as Apply;
    },
  });
  const packed = await readFile(await release.fetch());
  await delivery.artifacts.store(digest, Readable.from([packed]));
  const entry = await freePort();
  // Both hosts are this computer: two services of their own ports would clash, so the ports lie apart.
  const ports = { "web-1": await freePort(), "web-2": await freePort() };
  let applies = 0;
  const bench = {
    db,
    hosts,
    events,
    desired,
    delivery,
    started,
    entry,
    url: `http://127.0.0.1:${entry}`,
    service: (name: string, overrides: Record<string, unknown> = {}): Resource => ({
      address: "shop/service/shop",
      type: "service",
      name: "shop",
      dependsOn: [],
      properties: {
        source: { path: "./app", digest },
        command: ["node", "main.js"],
        hosts: ["web-1"],
        env: { NAME: name },
        port: ports["web-1"],
        health: { path: "/healthz", interval: "200ms", timeout: "1s" },
        stopGrace: "5s",
        startTimeout: "20s",
        ...overrides,
      },
    }),
    balancer: (): Resource => ({
      address: "shop/balancer/shop",
      type: "balancer",
      name: "shop",
      dependsOn: ["shop/service/shop"],
      properties: { host: "lb-1", service: "shop", port: entry },
    }),
    async apply(resource: Resource, { crashing = false } = {}): Promise<number> {
      const context = { applyId: `apply-${++applies}`, actor: "user:test", tell: () => {} };
      const change = {
        address: resource.address,
        type: resource.type,
        action: "update" as const,
        changes: [],
      };
      return await createSteps({ crashing }).run((run) =>
        delivery.executor.apply(run, change, resource, context),
      );
    },
    plan: (resource: Resource) => delivery.executor.plan(resource, undefined),
    async remove(resource: Resource) {
      const context = { applyId: `apply-${++applies}`, actor: "user:test", tell: () => {} };
      await createSteps({ crashing: true }).run((run) => delivery.executor.remove(run, resource, context));
    },
    status: async () => {
      const { services, balancers } = await delivery.status("shop");
      return { service: services[0], balancer: balancers[0] };
    },
    kinds: () => [...events.values()].map(({ kind }) => kind),
    async [Symbol.asyncDispose]() {
      await hosts[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
      await release[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
  return bench;
}

const nameAt = async (url: string) => ((await (await fetch(url)).json()) as { release: string }).release;

test("from the first deployment to a rollback, every step twice, no request lost", async () => {
  await using bench = await openBench();
  const first = bench.service("one");
  assert.equal((await bench.plan(first)).action, "create");
  assert.ok((await bench.apply(first, { crashing: true })) > 3);
  assert.equal((await bench.plan(first)).action, "no-op");
  assert.equal((await bench.plan(bench.balancer())).action, "create");
  await bench.apply(bench.balancer(), { crashing: true });
  assert.equal((await bench.plan(bench.balancer())).action, "no-op");
  assert.equal(await nameAt(bench.url), "one");

  const finished = new AbortController();
  const load = runLoad({ url: bench.url, rps: 150, seconds: 60, posts: 0.5, signal: finished.signal });
  const second = bench.service("two");
  const planned = await bench.plan(second);
  assert.deepEqual(planned.changes, [{ property: "env.NAME", before: "one", after: "two" }]);
  await bench.apply(second, { crashing: true });
  assert.equal((await bench.plan(second)).action, "no-op");
  assert.equal((await bench.plan(bench.balancer())).action, "no-op");
  assert.equal(await nameAt(bench.url), "two");

  await bench.delivery.rollback("shop", "shop", "user:test");
  const back = bench.started[0]?.resource;
  assert.ok(back);
  assert.deepEqual(back.properties.env, { NAME: "one" });
  await bench.apply(back, { crashing: true });
  assert.equal(await nameAt(bench.url), "one");
  finished.abort();
  const lost = await load;
  assert.deepEqual([lost.GET.reasons, lost.POST.reasons], [{}, {}]);

  // What is declared now differs from what serves: a plan says so plainly.
  assert.deepEqual((await bench.plan(second)).changes, [
    { property: "env.NAME", before: "one", after: "two" },
  ]);
  await assert.rejects(bench.delivery.rollback("shop", "shop", "user:test"), /no release before 1/);
  const { service, balancer } = await bench.status();
  assert.equal(service?.health, "healthy");
  assert.equal(service?.release?.number, 1);
  assert.equal(service?.url, bench.url);
  assert.equal(service?.instances.length, 1);
  assert.deepEqual(
    balancer?.slots.map(({ instance, state }) => [instance, state]),
    [[service?.instances[0]?.id, "UP"]],
  );
  assert.deepEqual(
    (await bench.delivery.releases.list("shop", "shop")).map(({ number, changed }) => [number, changed]),
    [
      [2, ["configuration"]],
      [1, ["source", "configuration"]],
    ],
  );
  assert.deepEqual(bench.kinds().filter((kind) => kind === "rollout.finished").length, 3);
  assert.equal(bench.kinds().filter((kind) => kind === "release.created").length, 2);

  await bench.remove(bench.balancer());
  await bench.remove(first);
  assert.deepEqual(await bench.delivery.status("shop"), { services: [], balancers: [] });
  assert.deepEqual(bench.hosts.get("web-1").instances.list(), []);
});

test("a release that does not get healthy is rolled back, says why, and nobody notices", async () => {
  await using bench = await openBench();
  await bench.apply(bench.service("good"));
  await bench.apply(bench.balancer());
  const load = runLoad({ url: bench.url, rps: 100, seconds: 4, posts: 0.5 });
  const sick = bench.service("sick", { env: { NAME: "sick", SICK: "1" }, startTimeout: "1s" });
  await assert.rejects(bench.apply(sick, { crashing: true }), (error) => {
    assert.ok(error instanceof HavnError);
    assert.match(
      error.message,
      /Release 2 of shop was rolled back: shop-web-1-\w+ did not get healthy: not within 1s: \/healthz answers 500/,
    );
    assert.match(error.detail, /Release 1 serves on all hosts\. Its last lines:\nlistening as sick/);
    return true;
  });
  const lost = await load;
  assert.deepEqual([lost.GET.reasons, lost.POST.reasons], [{}, {}]);
  assert.equal(await nameAt(bench.url), "good");
  assert.equal(bench.hosts.get("web-1").instances.list().length, 1);
  const { service } = await bench.status();
  assert.equal(service?.release?.number, 1);
  assert.equal(service?.rollout?.state, "failed");
  assert.equal(service?.health, "healthy");
  const planned = await bench.plan(sick);
  assert.match(planned.reason ?? "", /the last rollout failed/);
  assert.equal((await bench.plan(bench.service("good"))).action, "no-op");
});

test("a first deployment that fails leaves nothing behind", async () => {
  await using bench = await openBench();
  const broken = bench.service("broken", { command: ["node", "missing.js"] });
  await assert.rejects(bench.apply(broken), (error) => {
    assert.ok(error instanceof HavnError);
    assert.match(error.message, /ended 5 times: exited with code 1/);
    assert.match(error.detail, /Cannot find module/);
    return true;
  });
  assert.deepEqual(bench.hosts.get("web-1").instances.list(), []);
  assert.equal((await bench.plan(broken)).action, "create");
});

test("without a balancer the old instance makes room, and returns when the new one fails", async () => {
  await using bench = await openBench();
  const good = bench.service("good");
  await bench.apply(good);
  const port = good.properties.port;
  assert.equal(await nameAt(`http://127.0.0.1:${port}`), "good");
  await bench.apply(bench.service("better"), { crashing: true });
  assert.equal(await nameAt(`http://127.0.0.1:${port}`), "better");
  const sick = bench.service("sick", { env: { SICK: "1" }, startTimeout: "500ms" });
  await assert.rejects(bench.apply(sick, { crashing: true }), /rolled back/);
  assert.equal(await nameAt(`http://127.0.0.1:${port}`), "better");
  const { service } = await bench.status();
  assert.equal(service?.release?.number, 2);
  assert.equal(service?.previousRelease?.number, 1);
});

test("an instance that its host lost is planned and started again; a host that is away is not mistaken for it", async () => {
  await using bench = await openBench();
  const one = bench.service("one");
  await bench.apply(one);
  const host = bench.hosts.get("web-1");
  for (const { id } of host.instances.list()) await host.instances.stop(id);
  const planned = await bench.plan(one);
  assert.equal(planned.action, "update");
  assert.match(planned.changes[0]?.property ?? "", /^instance/);
  assert.equal((await bench.status()).service?.health, "unhealthy");
  await bench.apply(one);
  assert.equal(await nameAt(`http://127.0.0.1:${one.properties.port}`), "one");
  host.away = true;
  assert.equal((await bench.plan(one)).action, "no-op");
  assert.equal((await bench.status()).service?.health, "unknown");
  host.away = false;
});

test("a health path that changes is rolled out without a gap", async () => {
  await using bench = await openBench();
  await bench.apply(bench.service("one"));
  await bench.apply(bench.balancer());
  const load = runLoad({ url: bench.url, rps: 100, seconds: 5, posts: 0.5 });
  const health = { path: "/ready", interval: "200ms", timeout: "1s" };
  await bench.apply(bench.service("two", { health }));
  const lost = await load;
  assert.deepEqual([lost.GET.reasons, lost.POST.reasons], [{}, {}]);
  assert.equal(await nameAt(bench.url), "two");
});
