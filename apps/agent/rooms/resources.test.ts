import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AgentEvent, HostDesired } from "@havn/fleet/protocol";
import { createResourceHost } from "@havn/infrastructure/host";
import { systemClock as clock, type Enforcement, type Pause, type Resource } from "@havn/model";
import { createLog } from "../log.ts";
import { eventually } from "../testing.ts";
import { createResources } from "./resources.ts";

interface Options {
  mode: HostDesired["mode"];
  /** Of single files. */
  enforcement?: Record<string, Enforcement>;
  /** Paths below the test's directory; those that end in a slash are directories. */
  paths?: string[];
}

async function setUp(context: TestContext, { mode, enforcement = {}, paths = ["motd"] }: Options) {
  const directory = await mkdtemp(join(tmpdir(), "havn-resources-"));
  const at = (name: string) => join(directory, "etc", name);
  await mkdir(join(directory, "etc"));
  const all = paths.map((name): Resource => {
    const path = at(name).replace(/\/$/, "");
    const type = name.endsWith("/") ? "directory" : "file";
    return {
      ...{ address: `shop/${type}/web-1:${path}`, type, name: `web-1:${path}`, host: "web-1", dependsOn: [] },
      properties: type === "file" ? { path, content: "as declared\n" } : { path },
      ...(enforcement[name] && { enforcement: enforcement[name] }),
    };
  });
  let desired: HostDesired = {
    ...{ revision: 1, environment: "shop", host: "web-1", resources: all, mode },
    ...{ instances: [], balancers: [], checks: [], secrets: {}, secretValues: [], windows: [], pauses: [] },
  };
  const events: AgentEvent[] = [];
  const resources = createResources({
    host: await createResourceHost({ stateDirectory: join(directory, "state"), clock }),
    clock,
    log: createLog("error", false),
    desired: () => desired,
    onChange: () => {},
    onEvent: (event) => events.push(event),
  });
  context.after(async () => {
    await resources[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  const content = (name: string) => readFile(at(name), "utf8").catch(() => "");
  return {
    ...{ at, all, resources, events, content },
    kinds: () => events.map(({ kind }) => kind),
    of: (kind: string) => events.filter((event) => event.kind === kind),
    put(change: Partial<HostDesired>) {
      desired = { ...desired, ...change, revision: desired.revision + 1 };
      resources.desiredChanged();
    },
    value: (name: string, labels: Record<string, string> = {}) =>
      resources
        .samples()
        .filter((sample) => sample.name === name)
        .filter(({ labels: own }) => Object.entries(labels).every(([key, label]) => own[key] === label))
        .reduce((sum, sample) => sum + sample.value, 0),
    isDeclared: (name: string) =>
      eventually(`${name} as declared`, async () => (await content(name)) === "as declared\n"),
  };
}

test("noop: drift is told once with what differs, and again when it is gone", async (context) => {
  const { at, all, resources, events, kinds, content } = await setUp(context, { mode: "noop" });
  await eventually("the first look", () => kinds().join() === "drift.found");
  const bundle = { bundleId: "one", resources: all, remove: [], secrets: {} };
  const told: unknown[] = [];
  const reports = await resources.apply(bundle, (progress) => told.push(progress));
  assert.equal(reports[0]?.state, "changed");
  assert.ok(told.length > 0);
  await eventually("no drift", () => kinds().join() === "drift.found,drift.gone");
  const before = events.length;

  await writeFile(at("motd"), "by hand\n");
  // A look may come between the file's being emptied and written; the next one sees the rest.
  const diff = () => resources.drift().readings[0]?.changes[0]?.diff ?? "";
  await eventually("drift", () => /-by hand\n\+as declared/.test(diff()));
  assert.equal(resources.drift().readings[0]?.address, all[0]?.address);
  for (let look = 0; look < 2; look++) {
    const { checkedAt } = resources.drift();
    resources.desiredChanged();
    await eventually("another look", () => resources.drift().checkedAt !== checkedAt);
  }
  await eventually("the event", () => events.length > before);
  assert.equal(kinds().slice(before).join(), "drift.found", "told once");
  const { data } = events.at(-1) ?? {};
  assert.ok(Array.isArray(data?.evidence) && data.evidence.length > 0, "what is known of the file");
  assert.equal(await content("motd"), "by hand\n", "noop changes nothing");

  await writeFile(at("motd"), "as declared\n");
  await eventually("no drift", () => kinds().at(-1) === "drift.gone");
});

test("enforce: what is changed, replaced, given another mode or removed is mended; own changes set nothing off", async (context) => {
  const { at, events, of, value, content, isDeclared } = await setUp(context, {
    mode: "enforce",
    paths: ["conf.d/", "conf.d/one", "conf.d/two", "motd"],
  });
  await eventually("all made", () => of("drift.mended").length === 4);
  const looks = value("havn_drift_checks_total", { trigger: "watch" });
  const read = value("havn_drift_checked_resources_total", { trigger: "watch" });
  const mended = async (count: number) =>
    eventually(`${count} mended`, () => of("drift.mended").length >= count);

  await writeFile(at("motd"), "by hand\n");
  await isDeclared("motd");
  await mended(5);
  // An edit may be seen in two parts; an own change is not seen as an edit.
  const own = value("havn_drift_checks_total", { trigger: "watch" }) - looks;
  assert.ok(own === 1 || own === 2, `${own} looks`);
  assert.equal(value("havn_drift_checked_resources_total", { trigger: "watch" }) - read, own, "of one file");

  await writeFile(at("new"), "by hand\n");
  await rename(at("new"), at("motd"));
  await isDeclared("motd");
  await mended(6);
  await chmod(at("conf.d/one"), 0o600);
  await eventually("the mode", async () => ((await stat(at("conf.d/one"))).mode & 0o777) === 0o644);
  await rm(at("conf.d"), { recursive: true });
  await isDeclared("conf.d/two");
  await isDeclared("conf.d/one");
  await eventually("the run", () => events.at(-1)?.kind === "enforcement.finished");
  // What was made anew is watched like what was there before.
  await writeFile(at("conf.d/two"), "by hand\n");
  await isDeclared("conf.d/two");
  const runs = of("enforcement.finished");
  assert.ok(runs.every(({ data }) => typeof data.durationMs === "number"));
  assert.ok(value("havn_resource_runs_total", { source: "enforce", result: "succeeded" }) >= runs.length);
  assert.equal(await content("motd"), "as declared\n");
});

test("what somebody keeps changing back is told as one fight, and mended ever more seldom", async (context) => {
  const { resources, all, at, of, value, isDeclared, content } = await setUp(context, { mode: "enforce" });
  await isDeclared("motd");
  let fought = 0;
  for (; of("drift.fight").length === 0 && fought < 10; fought++) {
    const before = of("drift.mended").length;
    await eventually("the end of the mend", () => of("enforcement.finished").length > fought);
    await writeFile(at("motd"), `by hand ${fought}\n`);
    await eventually("a mend", () => of("drift.mended").length > before);
    await eventually("its run", () => of("enforcement.finished").length > fought + 1);
  }
  assert.equal(fought, 4, "the fifth mend in a row");
  await writeFile(at("motd"), "by hand again\n");
  await eventually("drift", () => of("drift.found").length === fought + 2);
  assert.equal(value("havn_fought_resources"), 1);
  assert.deepEqual(
    resources.fights().map(({ address, mended }) => ({ address, mended })),
    [{ address: all[0]?.address, mended: 5 }],
  );
  assert.equal(await content("motd"), "by hand again\n", "left for a while");
  assert.equal(of("drift.fight").length, 1);
});

test("single resources have modes of their own", async (context) => {
  const { resources, all, isDeclared, content } = await setUp(context, {
    mode: "noop",
    paths: ["kept", "told", "left"],
    enforcement: { kept: "enforce", left: "off" },
  });
  await isDeclared("kept");
  await eventually("a look", () => resources.drift().readings.length === 1);
  assert.equal(resources.drift().readings[0]?.address, all[1]?.address);
  assert.equal(await content("told"), "");
  assert.equal(await content("left"), "");
});

test("maintenance: what drifts is told and left, and mended when it is over", async (context) => {
  const { at, put, of, value, content, isDeclared } = await setUp(context, { mode: "enforce" });
  await eventually("a mend", () => of("drift.mended").length === 1);
  const pause: Pause = {
    id: "p",
    from: 0,
    until: clock.now() + 3_600_000,
    reason: "new disk",
    actor: "user:anna",
  };
  put({ pauses: [pause] });
  await eventually("the pause", () => value("havn_enforcement_paused") === 1);
  await writeFile(at("motd"), "by hand\n");
  await eventually("drift", () => of("drift.found").length === 2);
  assert.match(String(of("drift.found")[1]?.data.paused), /new disk/);
  assert.equal(await content("motd"), "by hand\n");
  put({ pauses: [] });
  await isDeclared("motd");
});

test("off: nobody looks", async (context) => {
  const { resources, events, content } = await setUp(context, { mode: "off" });
  await eventually("a round", () => resources.drift().checkedAt !== undefined);
  assert.deepEqual(resources.drift().readings, []);
  assert.deepEqual(events, []);
  assert.equal(await content("motd"), "");
});
