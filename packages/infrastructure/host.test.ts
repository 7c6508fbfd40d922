import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Resource, systemClock } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { openMemory } from "./host/memory.ts";
import { createResourceHost } from "./host.ts";

const clock = systemClock;

function fileAt(path: string, properties: Record<string, unknown> = {}, dependsOn: string[] = []): Resource {
  return {
    address: `e/file/h:${path}`,
    type: "file",
    name: `h:${path}`,
    host: "h",
    properties: { path, ...properties },
    dependsOn,
  };
}

async function openHost() {
  const directory = await temporaryDirectory("host");
  const stateDirectory = join(directory.path, "state");
  const host = await createResourceHost({ stateDirectory, clock });
  return {
    host,
    stateDirectory,
    at: (name: string) => join(directory.path, name),
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  };
}

const bundle = (bundleId: string, resources: Resource[], remove: Resource[] = []) => ({
  bundleId,
  resources,
  remove,
  secrets: {},
});
const states = (reports: { state: string }[]) => reports.map(({ state }) => state).join(" ");

test("what was applied reads as it shall be; a second apply changes nothing; an edit is drift", async () => {
  await using here = await openHost();
  const folder: Resource = {
    ...fileAt(here.at("d"), { mode: "0750" }),
    type: "directory",
    address: "e/directory/h:d",
  };
  const resources = [folder, fileAt(here.at("d/f"), { content: "one\n", mode: "0600" }, [folder.address])];
  const before = await here.host.read(resources, {});
  assert.deepEqual(
    before.map(({ action }) => action),
    ["create", "create"],
  );
  assert.equal(states(await here.host.apply(bundle("1", resources))), "changed changed");
  assert.equal(await readFile(here.at("d/f"), "utf8"), "one\n");
  assert.equal(((await stat(here.at("d/f"))).mode & 0o777).toString(8), "600");
  assert.deepEqual(
    (await here.host.read(resources, {})).map(({ action }) => action),
    ["no-op", "no-op"],
  );
  assert.equal(states(await here.host.apply(bundle("2", resources))), "unchanged unchanged");
  assert.deepEqual(await here.host.drift({ resources, secrets: {} }), []);

  await writeFile(here.at("d/f"), "edited\n");
  await chmod(here.at("d"), 0o700);
  const drift = await here.host.drift({ resources, secrets: {} });
  assert.deepEqual(
    drift.map(({ changes }) => changes),
    [
      [{ property: "mode", before: "0700", after: "0750" }],
      [{ property: "content", diff: "@@ -1 +1 @@\n-edited\n+one\n" }],
    ],
  );
  assert.equal(states(await here.host.apply(bundle("3", [], [...resources].reverse()))), "changed changed");
  assert.deepEqual((await readdir(here.at("."))).sort(), ["state"]);
});

test("what was found as declared and never changed stays when it is no longer declared", async () => {
  await using here = await openHost();
  const [found, made] = [
    fileAt(here.at("found"), { content: "a\n" }),
    fileAt(here.at("made"), { content: "b\n" }),
  ];
  await writeFile(here.at("found"), "a\n");
  assert.equal(states(await here.host.apply(bundle("1", [found, made]))), "unchanged changed");
  assert.equal(states(await here.host.apply(bundle("2", [], [made, found]))), "changed unchanged");
  assert.equal(await readFile(here.at("found"), "utf8"), "a\n");
  await assert.rejects(readFile(here.at("made")), { code: "ENOENT" });
});

test("a host that lost its memory takes the control plane's word for what applies made", async () => {
  await using here = await openHost();
  const made = fileAt(here.at("made"), { content: "b\n" });
  const zone: Resource = {
    ...fileAt(here.at("zone")),
    ...{ address: "e/timezone/h:zone", type: "timezone", properties: { zone: "Etc/UTC" } },
  };
  const [report] = await here.host.apply(bundle("1", [made]));
  assert.equal(report?.created, true);
  await rm(here.stateDirectory, { recursive: true });
  const anew = await createResourceHost({ stateDirectory: here.stateDirectory, clock });
  const touched = { [made.address]: "created", [zone.address]: "changed" } as const;
  const [first, second] = await anew.apply({ ...bundle("2", [], [made, zone]), touched });
  assert.equal(first?.state, "changed");
  await assert.rejects(readFile(here.at("made")), { code: "ENOENT" });
  assert.equal(second?.state, "unchanged");
  assert.match(second?.skipped ?? "", /has lost its memory/);
});

test("a failure stops what depends on it, the rest goes on, and nothing half written stays", async () => {
  await using here = await openHost();
  const bad = fileAt(here.at("bad"), { content: "x\n", validate: ["grep", "good", "%s"] });
  const resources = [bad, fileAt(here.at("after"), {}, [bad.address]), fileAt(here.at("beside"), {})];
  const reports = await here.host.apply(bundle("1", resources));
  assert.equal(states(reports), "failed skipped changed");
  assert.match(reports[0]?.error ?? "", /grep good .* failed with exit code 1/);
  assert.match(reports[1]?.error ?? "", new RegExp(bad.address));
  assert.deepEqual((await readdir(here.at("."))).sort(), ["beside", "state"]);
});

test("the same bundle again gives the same reports and does nothing", async () => {
  await using here = await openHost();
  const log = here.at("log");
  const resources = [fileAt(here.at("f"), { content: "x\n", validate: ["sh", "-c", `echo ran >> ${log}`] })];
  const [first, joined] = await Promise.all([
    here.host.apply(bundle("1", resources)),
    here.host.apply(bundle("1", resources)),
  ]);
  assert.deepEqual(joined, first);
  await writeFile(here.at("f"), "edited\n");
  const restarted = await createResourceHost({ stateDirectory: here.stateDirectory, clock });
  assert.deepEqual(await restarted.apply(bundle("1", resources)), first);
  assert.equal(await readFile(here.at("f"), "utf8"), "edited\n");
  assert.equal(await readFile(log, "utf8"), "ran\n");
});

test("a bundle that was cut short goes on: what it had changed counts as changed, and is not done again", async () => {
  await using here = await openHost();
  const log = here.at("log");
  const validate = ["sh", "-c", `echo ran >> ${log}`];
  const resources = ["a", "b"].map((name) => fileAt(here.at(name), { content: "x\n", validate }));
  const whole = await here.host.apply(bundle("1", resources));
  const journal = join(here.stateDirectory, "bundles", "1.json");
  const [a, b] = resources;
  assert.ok(a && b);
  // As a crash leaves it after the first of the two was written.
  await writeFile(
    journal,
    JSON.stringify({ done: false, reports: {}, begun: { [a.address]: whole[0], [b.address]: whole[1] } }),
  );
  await here.host.apply(bundle("2", [], [b]));
  const again = await (await createResourceHost({ stateDirectory: here.stateDirectory, clock })).apply(
    bundle("1", resources),
  );
  assert.equal(states(again), "changed changed");
  assert.equal(await readFile(log, "utf8"), "ran\nran\nran\n");
});

test("secrets stand in no reading, report, error or journal", async () => {
  await using here = await openHost();
  const value = "correct-horse-battery";
  const resources = [
    fileAt(here.at("open"), { content: `password=${value}\n` }),
    fileAt(here.at("bad"), { content: value, validate: ["sh", "-c", "cat %s >&2; exit 1"] }),
  ];
  const secrets = Object.fromEntries(resources.map(({ address }) => [address, ["content"]]));
  const told: unknown[] = [await here.host.read(resources, secrets)];
  told.push(
    await here.host.apply({ bundleId: "1", resources, remove: [], secrets }, (progress) =>
      told.push(progress),
    ),
  );
  await writeFile(here.at("open"), "other");
  told.push(await here.host.drift({ resources, secrets }));
  told.push(await readFile(join(here.stateDirectory, "bundles", "1.json"), "utf8"));
  assert.ok(!JSON.stringify(told).includes(value));
  assert.match(JSON.stringify(told), /\(secret\)/);
});

test("what cannot be read says why, and spoils nothing else", async () => {
  await using here = await openHost();
  await mkdir(here.at("folder"));
  const unknown: Resource = { ...fileAt("/x"), address: "e/strange/h:x", type: "strange" };
  const readings = await here.host.read([fileAt(here.at("folder")), unknown, fileAt(here.at("f"))], {});
  assert.match(readings[0]?.error ?? "", /is a directory/);
  assert.match(readings[1]?.error ?? "", /no type "strange"/);
  assert.equal(readings[2]?.action, "create");
});

test("a hundred files go in one bundle and are read in one go", async () => {
  await using here = await openHost();
  const resources = Array.from({ length: 100 }, (_, index) =>
    fileAt(here.at(`f${index}`), { content: "x\n".repeat(50) }),
  );
  await here.host.apply(bundle("1", resources));
  const readings = await here.host.read(resources, {});
  assert.ok(readings.every(({ action }) => action === "no-op"));
});

test("a restart that is due outlives the process, until it is dealt with", async () => {
  await using here = await openHost();
  const trigger = { on: "e/file/h:/a", does: "restart" as const };
  const memory = await openMemory(here.stateDirectory);
  assert.deepEqual(memory.pending("e/systemd.unit/h:u", [trigger]), []);
  await memory.willChange([{ address: trigger.on, creates: true, before: undefined }]);
  const later = await openMemory(here.stateDirectory);
  assert.deepEqual(later.pending("e/systemd.unit/h:u", [trigger]), [trigger]);
  assert.ok(later.isOurs(trigger.on));
  await later.settle("e/systemd.unit/h:u", [trigger.on]);
  assert.deepEqual((await openMemory(here.stateDirectory)).pending("e/systemd.unit/h:u", [trigger]), []);
  await later.willChange([{ address: trigger.on, creates: false, before: undefined }]);
  assert.deepEqual(later.pending("e/systemd.unit/h:u", [trigger]), [trigger]);
});
