import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Apply, Plan } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { temporaryDirectory } from "@havn/testkit";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure } from "../index.ts";
import { declared, fileOn, graphOf, hostNamed, testSurroundings } from "../testing/environment.ts";
import type { RevertRequest } from "./target.ts";

async function openInfrastructure() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  const directory = stack.use(await temporaryDirectory("reverts"));
  const around = testSurroundings(directory.path);
  const workflows = stack.use(
    await openWorkflows({ sql: database.sql, postgresUrl: database.url, executorId: "test" }),
  );
  const infrastructure = await createInfrastructure({ ...around.options, sql: database.sql, workflows });
  await workflows.launch();
  const run = async (plan: Plan): Promise<Apply> => {
    const { id } = await infrastructure.applies.start(plan.id, { actor: "user:test" });
    return infrastructure.applies.finished(id);
  };
  return {
    ...{ infrastructure, around },
    at: (name: string) => join(directory.path, name),
    async apply(...resources: Parameters<typeof graphOf>) {
      return run(await infrastructure.plans.create({ graph: graphOf(...resources) }));
    },
    async revert(request: RevertRequest) {
      const plan = await infrastructure.reverts.plan(request);
      return { plan, apply: await run(plan) };
    },
    plan: (...resources: Parameters<typeof graphOf>) =>
      infrastructure.plans.create({ graph: graphOf(...resources) }),
    recorded: async () => (await infrastructure.graph("shop")).resources,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const actions = (plan: Plan) =>
  Object.fromEntries(
    plan.changes.filter(({ action }) => action !== "no-op").map(({ address, action }) => [address, action]),
  );
const errors = (plan: Plan) => plan.diagnostics.filter(({ severity }) => severity === "error");
const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test("an apply is taken back, and its taking back too; the old configuration plans no changes after", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const alert = (summary: string) => declared("alert", "up", { properties: { expr: "up", summary } });
  const old = [host, fileOn("web-1", havn.at("f"), { content: "1\n" }), alert("first")];
  await writeFile(havn.at("theirs"), "theirs\n");
  const first = await havn.apply(...old);
  assert.equal(first.state, "succeeded", first.error ?? "");
  const next = [
    host,
    fileOn("web-1", havn.at("f"), { content: "2\n", mode: "0600" }),
    fileOn("web-1", havn.at("theirs"), { content: "ours\n" }),
    fileOn("web-1", havn.at("new"), { content: "new\n" }),
    alert("second"),
  ];
  const second = await havn.apply(...next);
  const before = await havn.recorded();

  const { plan, apply } = await havn.revert({ applyId: second.id });
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  assert.equal(apply.kind, "revert");
  assert.deepEqual(Object.values(actions(plan)).toSorted(), ["delete", "delete", "update", "update"]);
  assert.match(JSON.stringify(plan.changes), /-ours\\n\+theirs/, "the difference is shown");
  assert.doesNotMatch(JSON.stringify(plan.changes), /[-+][12]\\n/, "not of what only its owner may read");
  assert.equal(await readFile(havn.at("f"), "utf8"), "1\n");
  assert.equal((await stat(havn.at("f"))).mode & 0o777, 0o644);
  assert.equal(await readFile(havn.at("theirs"), "utf8"), "theirs\n");
  assert.equal(await isThere(havn.at("new")), false);
  assert.deepEqual(actions(await havn.plan(...old)), {});

  const again = await havn.revert({ applyId: apply.id });
  assert.equal(again.apply.state, "succeeded", again.apply.error ?? "");
  assert.equal(await readFile(havn.at("new"), "utf8"), "new\n");
  assert.deepEqual(actions(await havn.plan(...next)), {});
  const byAddress = (resources: typeof before) => resources.map(({ address }) => address).toSorted();
  assert.deepEqual(byAddress(await havn.recorded()), byAddress(before));
});

test("what has been changed since is refused, by an apply or by hand, unless it is forced or left out", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const files = (...contents: string[]) =>
    contents.map((content, index) => fileOn("web-1", havn.at(`f${index}`), { content }));
  await havn.apply(host, ...files("0", "0", "0"));
  const second = await havn.apply(host, ...files("1", "1", "1"));
  await havn.apply(host, ...files("2", "1", "1"));
  await writeFile(havn.at("f1"), "by hand");

  const plan = await havn.infrastructure.reverts.plan({ applyId: second.id });
  assert.deepEqual([...new Set(errors(plan).map(({ address }) => address?.slice(-2)))], ["f0", "f1"]);
  await assert.rejects(havn.infrastructure.applies.start(plan.id, { actor: "user:test" }), { status: 409 });
  assert.equal(await readFile(havn.at("f1"), "utf8"), "by hand");

  const [first = "", hand = ""] = files("", "").map(({ address }) => address);
  const { apply } = await havn.revert({ applyId: second.id, exclude: [first], force: [hand] });
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  const contents = await Promise.all(["f0", "f1", "f2"].map((name) => readFile(havn.at(name), "utf8")));
  assert.deepEqual(contents, ["2", "0", "0"]);
});

test("what a later apply added and needs what would go is told, its host among it, unless it is forced", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  const first = await havn.apply(host, fileOn("web-1", havn.at("a"), { content: "1" }));
  const later = fileOn("web-1", havn.at("z"), { content: "1" });
  await havn.apply(host, fileOn("web-1", havn.at("a"), { content: "1" }), { ...later, dependsOn: [] });

  const plan = await havn.infrastructure.reverts.plan({ applyId: first.id });
  assert.deepEqual(
    errors(plan).map(({ address, detail }) => [address, detail.split(" Take")[0]]),
    [[host.address, `${later.address} needs it by now.`]],
  );
  await assert.rejects(havn.infrastructure.applies.start(plan.id, { actor: "user:test" }), { status: 409 });

  const forced = await havn.revert({ applyId: first.id, force: [host.address] });
  assert.equal(forced.apply.state, "succeeded", forced.apply.error ?? "");
  assert.deepEqual(await havn.recorded().then((all) => all.map(({ address }) => address)), [later.address]);
});

test("an apply that failed half-way is taken back as far as it came", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("web-1");
  await havn.apply(host, fileOn("web-1", havn.at("a"), { content: "1" }));
  const a = fileOn("web-1", havn.at("a"), { content: "2" });
  const broken = fileOn("web-1", havn.at("b"), { content: "x", owner: "nobody-like-this" }, [a.address]);
  const after = fileOn("web-1", havn.at("c"), { content: "x" }, [broken.address]);
  const failed = await havn.apply(host, a, broken, after);
  assert.equal(failed.state, "failed");
  const { apply } = await havn.revert({ applyId: failed.id });
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  assert.equal(await readFile(havn.at("a"), "utf8"), "1");
  assert.deepEqual(actions(await havn.plan(host, fileOn("web-1", havn.at("a"), { content: "1" }))), {});
});

test("a command cannot be undone: said beforehand; hosts that are away are named", async () => {
  await using havn = await openInfrastructure();
  const hosts = [hostNamed("web-1"), hostNamed("web-2")];
  await havn.apply(...hosts);
  const command = declared("command", "web-1:mark", {
    host: "web-1",
    properties: { command: ["touch", havn.at("mark")], creates: havn.at("mark") },
    dependsOn: ["shop/host/web-1"],
  });
  const second = await havn.apply(...hosts, command, fileOn("web-2", havn.at("f"), { content: "1" }));
  havn.around.away.add("shop/host/web-2");
  const plan = await havn.infrastructure.reverts.plan({ applyId: second.id });
  assert.deepEqual(errors(plan), []);
  assert.deepEqual(
    plan.diagnostics.map(({ summary }) => summary),
    [
      "shop/host/web-2 is away: what it recorded could not be read",
      `${command.address} cannot be undone in full`,
    ],
  );
  assert.match(
    plan.changes.find(({ address }) => address === command.address)?.reason ?? "",
    /^cannot be undone: touch .* was run$/,
  );
});

test("reading one apply: chosen by host and by address; one that is not there; one that changed nothing", async () => {
  await using havn = await openInfrastructure();
  const hosts = [hostNamed("web-1"), hostNamed("web-2")];
  const [one, two] = ["web-1", "web-2"].map((name) => fileOn(name, havn.at(name), { content: "1" }));
  assert.ok(one && two);
  const { id } = await havn.apply(...hosts, one, two);
  const only = await havn.infrastructure.reverts.plan({ applyId: id, hosts: ["web-1"] });
  assert.deepEqual(actions(only), { [one.address]: "delete", "shop/host/web-1": "delete" });
  const named = await havn.infrastructure.reverts.plan({ applyId: id, targets: [two.address] });
  assert.deepEqual(actions(named), { [two.address]: "delete" });
  const plan = (request: Partial<RevertRequest>) =>
    havn.infrastructure.reverts.plan({ applyId: id, ...request });
  assert.deepEqual(actions(await plan({ hosts: ["web-* & !web-1"], exclude: ["host"] })), {
    [two.address]: "delete",
  });
  assert.deepEqual(actions(await plan({ targets: ["file/web-1:*"] })), { [one.address]: "delete" });
  for (const mistaken of [{ hosts: ["db-1"] }, { targets: ["fiel"] }, { exclude: ["x*"] }, { force: ["x"] }])
    await assert.rejects(plan(mistaken), { status: 400 });
  await assert.rejects(havn.infrastructure.reverts.plan({ applyId: "apply-x" }), { status: 404 });
  const same = await havn.apply(...hosts, one, two);
  await assert.rejects(havn.infrastructure.reverts.plan({ applyId: same.id }), {
    status: 400,
    detail: "It changed nothing.",
  });
});
