import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { Apply, Gate, HavnError, Resource, Rollout } from "@havn/model";
import { until } from "@havn/testkit";
import { fileOn, graphOf, hostNamed } from "../testing/environment.ts";
import { openInfrastructure } from "../testing/infrastructure.ts";

const names = ["a", "b", "c", "d"];
const hosts = names.map(hostNamed);
type Havn = Awaited<ReturnType<typeof openInfrastructure>>;

/** Each host writes its name when its turn comes; those in `bad` fail. Each round has files of its own. */
const files = (havn: Havn, bad: readonly string[] = [], round = 0): Resource[] =>
  names.map((name) =>
    fileOn(name, havn.at(`f-${name}-${round}`), {
      content: "x",
      validate: [
        "sh",
        "-c",
        `echo ${name} >> ${havn.at(`order-${round}`)}${bad.includes(name) ? "; exit 1" : ""}`,
      ],
    }),
  );

interface Round {
  rollout: Rollout;
  bad?: readonly string[];
  round?: number;
}

async function startRollout(havn: Havn, { rollout, bad, round }: Round): Promise<Apply> {
  await havn.apply(hosts);
  const graph = { ...graphOf(...hosts, ...files(havn, bad, round)), rollouts: [rollout] };
  const plan = await havn.infrastructure.plans.create({ graph });
  return havn.infrastructure.applies.start(plan.id, { actor: "user:test" });
}

async function rollOut(havn: Havn, round: Round): Promise<Apply> {
  const { id } = await startRollout(havn, round);
  return havn.infrastructure.applies.finished(id);
}

const order = async (havn: Havn, round = 0) =>
  (await readFile(havn.at(`order-${round}`), "utf8")).trim().split("\n");
const shown = ({ batches = [] }: Apply) => batches.map(({ hosts, state }) => `${hosts.join(" ")}: ${state}`);
const gate = (rest: Partial<Gate>): Gate => ({ holds: "0s", timeout: "1ms", ...rest });

test("hosts go in batches, one after the other, and each is told of", async () => {
  await using havn = await openInfrastructure();
  const apply = await rollOut(havn, { rollout: { serial: [1, "50%"] } });
  assert.equal(apply.state, "succeeded", apply.error ?? "");
  const [first, second, third, last] = await order(havn);
  assert.deepEqual([first, [second, third].sort(), last], ["a", ["b", "c"], "d"]);
  assert.deepEqual(shown(apply), ["a: done", "b c: done", "d: done"]);
  assert.deepEqual(
    [...havn.around.events.values()]
      .filter(({ kind }) => kind === "apply.batch")
      .map(({ summary }) => summary),
    [
      "Batch 1 of 3 of shop (a) is done",
      "Batch 2 of 3 of shop (b, c) is done",
      "Batch 3 of 3 of shop (d) is done",
    ],
  );
});

test("the first failed host stops the rest; a failure budget lets so many fail", async () => {
  await using havn = await openInfrastructure();
  const stopped = await rollOut(havn, { rollout: { serial: [1] }, bad: ["b"] });
  assert.equal(stopped.state, "failed");
  assert.deepEqual(await order(havn), ["a", "b"]);
  assert.deepEqual(shown(stopped), ["a: done", "b: failed", "c: skipped", "d: skipped"]);
  assert.match(
    stopped.steps.find(({ address }) => address.includes("f-d"))?.detail ?? "",
    /not begun: 1 of 4 hosts failed \(b\), more than its failure budget/,
  );
  assert.match(stopped.error ?? "", /3 of 4 changes .*f-b-0: .*exit code 1/);

  const within = await rollOut(havn, { rollout: { serial: [1], maxFailures: 1 }, bad: ["b"], round: 1 });
  assert.equal(within.state, "failed");
  assert.deepEqual(await order(havn, 1), names);
  const rollout = { serial: [1], maxFailurePercentage: 30 };
  const beyond = await rollOut(havn, { rollout, bad: ["a", "b"], round: 2 });
  assert.deepEqual(shown(beyond), ["a: failed", "b: failed", "c: skipped", "d: skipped"]);
});

test("between batches the gate must pass; where it does not in its time, the rest is not begun", async () => {
  await using havn = await openInfrastructure();
  const { samples, alerts } = havn.around;
  samples.set("up == 1", [1, 1]);
  const passed = await rollOut(havn, {
    rollout: { serial: [2], gate: gate({ expr: "up == 1", noAlerts: true }) },
  });
  assert.equal(passed.state, "succeeded", passed.error ?? "");

  alerts.push(
    { state: "firing", labels: { host: "a" }, summary: "too slow" },
    { state: "pending", address: "shop/check/front", labels: {}, summary: "no answer" },
  );
  for (const [index, [held, pattern]] of (
    [
      [gate({ expr: "up == 0" }), /the gate did not pass within 1ms: up == 0 gives nothing/],
      [gate({ noAlerts: true }), /an alert fires: too slow/],
      [gate({ check: "shop/check/front" }), /shop\/check\/front: no answer/],
    ] as const
  ).entries()) {
    const round = index + 1;
    const failed = await rollOut(havn, { rollout: { serial: [1], gate: held }, round });
    assert.deepEqual(shown(failed), ["a: failed", "b: skipped", "c: skipped", "d: skipped"]);
    assert.match(failed.error ?? "", pattern);
    assert.deepEqual(await order(havn, round), ["a"]);
  }
});

test("a gate waits until what it asks for is so", async () => {
  await using havn = await openInfrastructure();
  const { id } = await startRollout(havn, {
    rollout: { serial: [2], gate: gate({ expr: "ready", timeout: "5m" }) },
  });
  const { applies } = havn.infrastructure;
  await until(
    async () => {
      const [batch] = (await applies.get(id)).batches ?? [];
      return batch?.state === "gate" && batch.detail === "ready gives nothing";
    },
    { what: "the apply to wait at its gate" },
  );
  assert.equal((await applies.get(id)).state, "running");
  havn.around.samples.set("ready", [1]);
  assert.equal((await applies.finished(id)).state, "succeeded");
});

test("a gate that can never be asked is refused with the plan", async () => {
  await using havn = await openInfrastructure();
  const graph = { ...graphOf(...hosts), rollouts: [{ serial: [1], gate: gate({ expr: "wrong(" }) }] };
  await assert.rejects(
    havn.infrastructure.plans.create({ graph }),
    (error: HavnError) => error.status === 400,
  );
});

test("a host that vanishes in the middle: one message, the others go on, and resuming does the rest", async () => {
  await using havn = await openInfrastructure();
  await havn.apply(hosts);
  havn.around.hung.set("shop/host/b", 0);
  const { apply } = await havn.apply([...hosts, ...files(havn)]);
  assert.deepEqual(
    apply.steps.map(({ state }) => state),
    ["done", "failed", "done", "done"],
  );
  assert.match(apply.error ?? "", /f-b-0: shop\/host\/b did not answer bundle.apply/);
  havn.around.hung.delete("shop/host/b");
  const plan = await havn.infrastructure.plans.create({
    graph: graphOf(...hosts, ...files(havn)),
    resume: true,
  });
  assert.equal(plan.resumes, apply.id);
  const { id } = await havn.infrastructure.applies.start(plan.id, { actor: "user:test" });
  const resumed = await havn.infrastructure.applies.finished(id);
  assert.deepEqual(
    [resumed.state, resumed.resumes, resumed.steps.map(({ address }) => address)],
    ["succeeded", apply.id, [files(havn)[1]?.address]],
  );
});

test("resuming runs nothing again that was done; applying again runs what runs with every apply", async () => {
  await using havn = await openInfrastructure();
  const host = hostNamed("a");
  const log = havn.at("log");
  const run = (name: string, command: string, dependsOn: string[] = []): Resource => ({
    ...{ address: `shop/command/a:${name}`, type: "command", name: `a:${name}`, host: "a" },
    properties: { command: ["sh", "-c", command] },
    dependsOn: ["shop/host/a", ...dependsOn],
  });
  const first = run("first", `echo first >> ${log}`);
  const second = run("second", `echo second >> ${log}; test -e ${havn.at("mended")}`, [first.address]);
  const third = run("third", `echo third >> ${log}`, [second.address]);
  const graph = graphOf(host, first, second, third);
  const { plans, applies } = havn.infrastructure;
  await assert.rejects(plans.create({ graph, resume: true }), /nothing to resume/);
  const { apply } = await havn.apply([host, first, second, third]);
  assert.equal(apply.state, "failed");
  await writeFile(havn.at("mended"), "");
  const plan = await plans.create({ graph, resume: true });
  assert.deepEqual(
    plan.changes.filter(({ type }) => type === "command").map(({ action, reason }) => [action, reason]),
    [
      ["no-op", `done in ${apply.id}`],
      ["update", "shop/command/a:first, which runs before, may change it"],
      ["update", "shop/command/a:second, which runs before, may change it"],
    ],
  );
  const { id } = await applies.start(plan.id, { actor: "user:test" });
  assert.equal((await applies.finished(id)).state, "succeeded");
  assert.equal(await readFile(log, "utf8"), "first\nsecond\nsecond\nthird\n");
  await assert.rejects(plans.create({ graph, resume: true }), (error: HavnError) => error.status === 409);
  const changed = {
    ...graph,
    resources: [host, { ...first, properties: { command: ["true"] } }, second, third],
  };
  assert.equal((await plans.create({ graph: changed })).summary.update, 3);
});
