import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Apply, type HavnError, type Plan, planSchema, type Resource } from "@havn/model";
import { createInfrastructure } from "./index.ts";
import { declared, fileOn, graphOf, hostNamed } from "./testing/environment.ts";
import { openInfrastructure } from "./testing/infrastructure.ts";

const actions = (plan: Plan) =>
  Object.fromEntries(
    plan.changes.filter(({ action }) => action !== "no-op").map(({ address, action }) => [address, action]),
  );
const stepStates = ({ steps }: Apply) =>
  Object.fromEntries(steps.map(({ address, state }) => [address, state]));

test("an environment comes, stays, changes and goes", async () => {
  await using havn = await openInfrastructure();
  const { infrastructure, around } = havn;
  const hosts = [hostNamed("web-1"), hostNamed("web-2")];
  const first = fileOn("web-1", havn.at("first"), { content: "1\n" });
  const second = fileOn(
    "web-2",
    havn.at("second"),
    { content: { $text: ["at ", { $host: "web-1", attribute: "address" }] } },
    [first.address],
  );
  const alert = declared("alert", "up", {
    properties: { expr: "up", summary: "x" },
    dependsOn: [second.address],
  });

  const { plan, apply } = await havn.apply([...hosts, alert, second, first]);
  planSchema.parse(plan);
  assert.equal(
    plan.changes.find(({ address }) => address === first.address)?.reason,
    "host does not exist yet",
  );
  assert.deepEqual(Object.keys(actions(plan)), [
    ...hosts.map(({ address }) => address),
    first.address,
    second.address,
    alert.address,
  ]);
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  assert.equal(await readFile(havn.at("second"), "utf8"), "at address-of-web-1");
  assert.deepEqual(
    [...around.events.values()].map(({ kind }) => kind),
    ["apply.started", "apply.finished"],
  );
  const last = around.put.findLast(
    ({ host, section }) => host === "shop/host/web-2" && section === "resources",
  );
  assert.deepEqual(
    (last ? (last.value as { address: string }[]) : []).map(({ address }) => address),
    [second.address],
  );
  assert.equal(havn.told.at(-1)?.state, "succeeded");

  const again = await infrastructure.plans.create({ graph: graphOf(...hosts, alert, second, first) });
  assert.deepEqual(actions(again), {});
  assert.equal(again.summary["no-op"], 5);
  assert.equal(again.unrecorded, undefined);
  assert.deepEqual(
    (await infrastructure.graph("shop")).resources.map(({ address }) => address),
    plan.changes.map(({ address }) => address),
  );

  await writeFile(havn.at("first"), "edited\n");
  assert.deepEqual(
    (await infrastructure.drift("shop", { refresh: true })).drift.map(({ address, host }) => [address, host]),
    [[first.address, "web-1"]],
  );
  const mended = await havn.apply([...hosts, first, second]);
  assert.deepEqual(actions(mended.plan), { [first.address]: "update", [alert.address]: "delete" });
  assert.equal(mended.apply.state, "succeeded", mended.apply.error ?? "");
  assert.equal(await readFile(havn.at("first"), "utf8"), "1\n");

  const destroy = await infrastructure.plans.create({ destroy: "shop" });
  assert.deepEqual(destroy.changes.map(({ address }) => address).at(0), second.address);
  assert.equal(await infrastructure.plans.destroys(destroy.id), "shop");
  const { id } = await infrastructure.applies.start(destroy.id, { actor: "user:test" });
  const gone = await infrastructure.applies.finished(id);
  assert.equal(gone.state, "succeeded", gone.error ?? "");
  assert.equal(gone.kind, "destroy");
  await assert.rejects(readFile(havn.at("first")), { code: "ENOENT" });
  assert.deepEqual(await infrastructure.environments(), []);
  await assert.rejects(infrastructure.plans.create({ destroy: "shop" }), /no environment/);
});

test("what is as declared before it was ever applied is noted by an apply that changes nothing", async () => {
  await using havn = await openInfrastructure();
  const { infrastructure } = havn;
  const host = hostNamed("web-1");
  const first = fileOn("web-1", havn.at("first"), { content: "1\n" });
  const second = fileOn("web-1", havn.at("second"), { content: "2\n" });
  await havn.apply([host, first]);
  await writeFile(havn.at("second"), "2\n");

  const { plan, apply } = await havn.apply([host, first, second]);
  assert.deepEqual(actions(plan), {});
  assert.equal(plan.unrecorded, 1);
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  assert.deepEqual(apply.steps, []);
  const { unrecorded } = await infrastructure.plans.create({ graph: graphOf(host, first, second) });
  assert.equal(unrecorded, undefined);
  await writeFile(havn.at("second"), "edited\n");
  assert.deepEqual(
    (await infrastructure.drift("shop", { refresh: true })).drift.map(({ address }) => address),
    [second.address],
  );
});

test("a failure stops what depends on it; the rest is made, recorded, and not made again", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const bad = fileOn("web-1", havn.at("bad"), { content: "x", validate: ["false"] });
  const after = declared("alert", "after", {
    properties: { expr: "up", summary: "x" },
    dependsOn: [bad.address],
  });
  const further = fileOn("web-1", havn.at("further"), { content: "x" }, [after.address]);
  const beside = fileOn("web-1", havn.at("beside"), { content: "x" });
  const { apply } = await havn.apply([host, bad, after, further, beside]);
  assert.equal(apply.state, "failed");
  assert.match(apply.error ?? "", /3 of 5 changes .*bad.*failed with exit code 1/);
  assert.deepEqual(stepStates(apply), {
    [host.address]: "done",
    [bad.address]: "failed",
    [after.address]: "skipped",
    [further.address]: "skipped",
    [beside.address]: "done",
  });
  assert.match(
    apply.steps.find(({ address }) => address === further.address)?.detail ?? "",
    /waits for shop\/alert\/after/,
  );
  const good = { ...bad, properties: { ...bad.properties, validate: ["true"] } };
  const mended = await havn.apply([host, good, after, further, beside]);
  assert.equal(mended.apply.state, "succeeded", mended.apply.error ?? "");
  assert.deepEqual(Object.keys(stepStates(mended.apply)), [bad.address, after.address, further.address]);
});

test("an executor that fails says so in its step", async () => {
  await using havn = await openInfrastructure();
  havn.around.failing.add("shop/host/web-1");
  const { apply } = await havn.apply([hostNamed("web-1"), fileOn("web-1", havn.at("f"), { content: "x" })]);
  assert.deepEqual(stepStates(apply), {
    "shop/host/web-1": "failed",
    [`shop/file/web-1:${havn.at("f")}`]: "skipped",
  });
  assert.equal(apply.steps[0]?.error, "web-1 cannot be made. Try later.");
  assert.deepEqual(await havn.infrastructure.environments(), [
    { environment: "shop", owner: "team", resources: 0 },
  ]);
});

test("applies that share nothing run side by side; of two that share something the second is told with what", async () => {
  await using havn = await openInfrastructure();
  const { plans, applies } = havn.infrastructure;
  const hosts = [hostNamed("web-1"), hostNamed("web-2")];
  await havn.apply(hosts);
  const slowOn = (host: string, content = "x") =>
    fileOn(host, havn.at(`slow-${host}`), {
      content,
      validate: ["sh", "-c", `until [ -e ${havn.at("go")} ]; do sleep 0.02; done`],
    });
  const [one, two] = [slowOn("web-1"), slowOn("web-2")];
  const planOf = (only: string[], ...resources: Resource[]) =>
    plans.create({ graph: graphOf(...hosts, ...resources), only });
  const first = await planOf([one.address], one, two);
  const beside = await planOf([two.address], one, two);
  const same = await planOf([one.address], slowOn("web-1", "y"), two);
  const below = await plans.create({ graph: graphOf(hosts[1] as Resource, two) });
  const untouched = await plans.create({
    graph: graphOf(...hosts, one, fileOn("web-2", havn.at("c"), { content: "c" })),
  });
  const running = await applies.start(first.id, { actor: "user:ann" });
  const second = await applies.start(beside.id, { actor: "user:bob" });
  for (const [plan, shared] of [
    [same, one.address],
    // Whatever lives on a host needs it: nobody may take it away meanwhile.
    [below, "shop/host/web-1"],
  ] as const)
    await assert.rejects(applies.start(plan.id, { actor: "user:eve" }), (error: HavnError) => {
      assert.equal(error.status, 409);
      assert.equal(error.message, `Apply ${running.id} of user:ann is at work on what this plan needs`);
      assert.ok(error.detail.includes(shared), error.detail);
      return true;
    });
  assert.equal((await applies.list({ state: "running" })).length, 2);
  await writeFile(havn.at("go"), "");
  for (const { id } of [running, second]) assert.equal((await applies.finished(id)).state, "succeeded");
  await assert.rejects(
    applies.start(same.id, { actor: "user:eve" }),
    (error: HavnError) =>
      error.status === 409 && /out of date/.test(error.message) && error.detail.includes(one.address),
  );
  await assert.rejects(applies.start(untouched.id, { actor: "user:eve" }), /out of date/);
  await assert.rejects(
    applies.start("plan-none", { actor: "user:test" }),
    (error: HavnError) => error.status === 404,
  );
});

test("what a plan found as declared is not recorded over what another apply made of it meanwhile", async () => {
  await using havn = await openInfrastructure();
  const { plans, applies, graph } = havn.infrastructure;
  const host = hostNamed("web-1");
  const one = (content: string) => fileOn("web-1", havn.at("one"), { content });
  const two = (content: string) => fileOn("web-1", havn.at("two"), { content });
  await havn.apply([host, one("1"), two("2")]);
  const ours = await plans.create({ graph: graphOf(host, one("1"), two("22")) });
  await havn.apply([host, one("11"), two("2")]);
  const { id } = await applies.start(ours.id, { actor: "user:test" });
  assert.equal((await applies.finished(id)).state, "succeeded");
  const contents = (await graph("shop")).resources.map(({ properties }) => properties.content);
  assert.deepEqual(contents.filter((content) => content !== undefined).sort(), ["11", "22"]);
  assert.deepEqual((await havn.infrastructure.drift("shop", { refresh: true })).drift, []);
});

test("an apply that was recorded and never started is taken up, not left holding the lock", async () => {
  await using havn = await openInfrastructure();
  const { plans, applies } = havn.infrastructure;
  const plan = await plans.create({ graph: graphOf(hostNamed("web-1")) });
  await havn.sql`insert into infrastructure.environment (name) values ('shop')`;
  await havn.sql`
    insert into infrastructure.apply (id, environment, kind, plan_id, state, actor, started_at)
    values ('apply-orphan', 'shop', 'apply', ${plan.id}, 'running', 'user:test', 1)`;
  await applies.recover();
  assert.equal((await applies.finished("apply-orphan")).state, "succeeded");
});

test("a host that is away: compared with what is recorded, and told so", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const file = fileOn("web-1", havn.at("f"), { content: "x" });
  await havn.apply([host, file]);
  await rm(havn.at("f"));
  havn.around.away.add(host.address);
  const same = await havn.infrastructure.plans.create({ graph: graphOf(host, file) });
  assert.deepEqual(actions(same), {});
  assert.match(same.diagnostics[0]?.summary ?? "", /web-1 is not connected/);
  const changed = { ...file, properties: { ...file.properties, content: "y" } };
  const update = await havn.infrastructure.plans.create({ graph: graphOf(host, changed) });
  assert.deepEqual(update.changes.at(-1), {
    ...{ address: file.address, type: "file", host: "web-1", action: "update" },
    changes: [{ property: "content", before: "x", after: "y" }],
    reason: "web-1 is not connected",
    certainty: "unknowable",
  });
  // Nobody is there to remove the file: destroying must come to an end all the same.
  const destroy = await havn.infrastructure.plans.create({ destroy: "shop" });
  const { id } = await havn.infrastructure.applies.start(destroy.id, { actor: "user:test" });
  const gone = await havn.infrastructure.applies.finished(id);
  assert.equal(gone.state, "succeeded", gone.error ?? "");
  assert.equal(gone.steps[0]?.detail, "goes with its host");
});

test("what restarts because of a change is planned as an update", async () => {
  await using havn = await openInfrastructure();
  const { plans } = havn.infrastructure;
  const host = hostNamed("web-1");
  const settings = fileOn("web-1", havn.at("settings"), { content: "a" });
  const unit = declared("systemd.unit", "web-1:x.service", {
    host: "web-1",
    properties: { name: "x.service", restartOn: [settings.address] },
    dependsOn: [host.address, settings.address],
  });
  // Recorded as applied; this computer need not run systemd for it, its host is away.
  await havn.apply([host, settings]);
  await havn.sql`
    insert into infrastructure.resource (address, environment, position, body, applied_at, apply_id)
    values (${unit.address}, 'shop', 9, ${havn.sql.json(JSON.parse(JSON.stringify({ ...unit, properties: { ...unit.properties, reloadOn: [] } })))}, 1, 'x')`;
  havn.around.away.add(host.address);
  const same = await plans.create({ graph: graphOf(host, settings, unit) });
  assert.deepEqual(actions(same), {});
  const changed = { ...settings, properties: { ...settings.properties, content: "b" } };
  const plan = await plans.create({ graph: graphOf(host, changed, unit) });
  assert.deepEqual(actions(plan), { [settings.address]: "update", [unit.address]: "update" });
  assert.equal(plan.changes.at(-1)?.reason, `restarts because ${settings.address} changes`);
});

test("only: the rest is neither compared nor deleted nor recorded", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const one = fileOn("web-1", havn.at("one"), { content: "1" });
  const two = fileOn("web-1", havn.at("two"), { content: "2" });
  await havn.apply([host, one]);
  const { plan, apply } = await havn.apply([host, two], [two.address]);
  assert.deepEqual(
    plan.changes.map(({ address }) => address),
    [two.address],
  );
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  assert.deepEqual(
    (await havn.infrastructure.graph("shop")).resources.map(({ address }) => address).sort(),
    [one.address, two.address, host.address].sort(),
  );
  const changed = { ...two, properties: { ...two.properties, content: "22" } };
  const started = await havn.infrastructure.applies.startResource({
    kind: "rollback",
    resource: changed,
    actor: "user:test",
  });
  const rollback = await havn.infrastructure.applies.finished(started.id);
  assert.equal(rollback.kind, "rollback");
  assert.deepEqual(stepStates(rollback), { [two.address]: "done" });
  assert.equal(await readFile(havn.at("two"), "utf8"), "22");
});

test("a graph that is not sound is refused with every mistake, and nothing is stored", async () => {
  await using havn = await openInfrastructure();
  const file = fileOn("nowhere", "relative", { content: 1 });
  await assert.rejects(havn.infrastructure.plans.create({ graph: graphOf(file) }), (error: HavnError) => {
    assert.equal(error.status, 400);
    assert.equal(error.diagnostics.length, 3);
    return true;
  });
});

test("no name leads out of the folders that are named after it", async () => {
  await using havn = await openInfrastructure();
  const properties = { via: { kind: "this-computer" } };
  for (const wrong of [
    declared("host", "../../x", { properties }),
    { ...declared("host", "../../x", { properties }), host: "web-1" },
    { ...declared("host", "x", { properties }), name: "../../x" },
  ])
    await assert.rejects(havn.infrastructure.plans.create({ graph: graphOf(wrong) }), (error: HavnError) =>
      error.diagnostics.some(({ summary }) => summary === '"../../x" is not a valid name for type host'),
    );
});

test("sources that nobody uploaded: named in the plan, and the apply is refused", async () => {
  await using havn = await openInfrastructure();
  const service = declared("service", "shop", {
    properties: {
      source: { path: "./app", digest: "d".repeat(64) },
      command: ["x"],
      hosts: ["web-1"],
      port: 80,
    },
    dependsOn: ["shop/host/web-1"],
  });
  havn.around.options.missingArtifacts = async (digests) => digests;
  const infrastructure = await createInfrastructure({
    ...havn.around.options,
    sql: havn.sql,
    workflows: {
      define: () => ({
        start: async () => {},
        state: async () => undefined,
        result: async () => assert.fail(),
      }),
    },
  });
  const plan = await infrastructure.plans.create({ graph: graphOf(hostNamed("web-1"), service) });
  assert.deepEqual(plan.missingArtifacts, ["d".repeat(64)]);
  await assert.rejects(
    infrastructure.applies.start(plan.id, { actor: "user:test" }),
    (error: HavnError) => error.status === 409 && /uploaded/.test(error.message),
  );
});

test("one reading a host, however many resources", async () => {
  await using havn = await openInfrastructure();
  const hosts = ["a", "b", "c", "d"].map(hostNamed);
  const files = hosts.flatMap(({ name }) =>
    Array.from({ length: 14 }, (_, index) =>
      fileOn(name, havn.at(`${name}-${index}`), { content: "x\n".repeat(20) }),
    ),
  );
  const { apply } = await havn.apply([...hosts, ...files]);
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  const before = havn.around.reads();
  const plan = await havn.infrastructure.plans.create({ graph: graphOf(...hosts, ...files) });
  assert.deepEqual(actions(plan), {});
  assert.equal(havn.around.reads() - before, 4);
});

test("old plans and applies are deleted; what is applied, running or young stays", async () => {
  await using havn = await openInfrastructure();
  const { infrastructure, sql } = havn;
  const host = hostNamed("web-1");
  const old = await havn.apply([host]);
  const young = await havn.apply([host, fileOn("web-1", havn.at("f"), { content: "x" })]);
  const unused = await infrastructure.plans.create({ graph: graphOf(host) });
  const recent = await infrastructure.plans.create({ graph: graphOf(host) });
  await sql`update infrastructure.plan set created_at = 1 where id <> ${recent.id}`;
  await sql`update infrastructure.apply set ended_at = 1 where id = ${old.apply.id}`;
  await infrastructure.prune();
  const ids = async (table: string) =>
    (await sql<{ id: string }[]>`select id from ${sql(`infrastructure.${table}`)}`).map(({ id }) => id);
  assert.deepEqual(await ids("apply"), [young.apply.id]);
  assert.deepEqual(new Set(await ids("plan")), new Set([young.plan.id, recent.id]));
  assert.ok(![old.plan.id, unused.id].includes(recent.id));
  assert.equal((await infrastructure.graph("shop")).resources.length, 2);
});

test("an agent that never answers is asked once, and its apply ends", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const file = fileOn("web-1", havn.at("f"), { content: "x" });
  havn.around.hung.set(host.address, 0);
  const { apply } = await havn.apply([host, file]);
  assert.equal(apply.state, "failed");
  assert.match(apply.error ?? "", /did not answer bundle.apply.*then apply again/);
  assert.equal(havn.around.hung.get(host.address), 1);
});
