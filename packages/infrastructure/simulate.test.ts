import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Resource, systemClock } from "@havn/model";
import { orderNodes, sequenceChanges } from "@havn/plan";
import { temporaryDirectory } from "@havn/testkit";
import fc from "@havn/testkit/property";
import { findDefinition } from "./definitions.ts";
import { createResourceHost } from "./host.ts";
import { claimsOf } from "./things.ts";

const names = ["a", "b", "d/c"] as const;
const word = fc.constantFrom("one", "two", "three=3", "[s]", "# note");
const text = fc.array(word, { maxLength: 4 }).map((lines) => lines.map((line) => `${line}\n`).join(""));
const path = fc.constantFrom(...names);
const mode = fc.constantFrom("0644", "0600", "0755");

/** What a resource of a random bundle is, its path still relative. */
const declared: fc.Arbitrary<{ type: string; path: string; properties: Record<string, unknown> }> = fc.oneof(
  fc.record({ type: fc.constant("file"), path, properties: fc.record({ content: text, mode }) }),
  fc.record({
    type: fc.constant("file"),
    path,
    properties: fc.constantFrom({ absent: true }, { touch: true }, { base64: "AAEC" }),
  }),
  fc.record({
    type: fc.constant("directory"),
    path: fc.constant("d"),
    properties: fc.record({ mode, purge: fc.boolean() }),
  }),
  fc.record({ type: fc.constant("line"), path, properties: fc.record({ line: word, create: fc.boolean() }) }),
  fc.record({
    type: fc.constant("line"),
    path,
    properties: fc.record({
      regexp: fc.constant("^t"),
      line: fc.constantFrom("two", "tea"),
      absent: fc.boolean(),
    }),
  }),
  fc.record({
    type: fc.constant("block"),
    path,
    properties: fc.record({
      marker: fc.constant("# {mark} x"),
      content: text,
      create: fc.boolean(),
      absent: fc.boolean(),
    }),
  }),
  fc.record({
    type: fc.constant("replace"),
    path,
    properties: fc.record({ regexp: fc.constantFrom("one", "3$"), replacement: fc.constantFrom("two", "4") }),
  }),
  fc.record({
    type: fc.constant("symlink"),
    path,
    properties: fc.record({ target: fc.constantFrom("a", "/x"), force: fc.boolean() }),
  }),
  fc.record({
    type: fc.constant("setting.ini"),
    path,
    properties: fc.record({
      section: fc.constantFrom("", "s"),
      key: fc.constantFrom("k", "three"),
      value: fc.constantFrom("1", "2"),
      create: fc.boolean(),
    }),
  }),
  fc.record({
    type: fc.constant("setting.yaml"),
    path,
    properties: fc.record({
      key: fc.constantFrom("k", "l.m"),
      value: fc.constantFrom(1, "x"),
      create: fc.boolean(),
    }),
  }),
);

const before = fc.dictionary(path, text, { maxKeys: 3, noNullPrototype: true });

function resourcesIn(
  root: string,
  list: readonly { type: string; path: string; properties: Record<string, unknown> }[],
) {
  return list.map(({ type, path: name, properties }, index): Resource => {
    const address = `e/${type}/h:${index}`;
    const definition = findDefinition(type);
    assert.ok(definition, type);
    return {
      ...{ address, type, name: `h:${index}`, host: "h", dependsOn: [] },
      properties: definition.schema.parse({ path: join(root, name), ...properties }) as Record<
        string,
        unknown
      >,
    };
  });
}

test("what a plan shows is what its apply does, for any bundle; applied again, edits of one file settle", async () => {
  await using directory = await temporaryDirectory("simulate");
  let simulated = 0;
  await fc.assert(
    fc.asyncProperty(before, fc.array(declared, { minLength: 1, maxLength: 6 }), async (files, list) => {
      const root = join(directory.path, randomUUID());
      await mkdir(join(root, "d"), { recursive: true });
      for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
      const host = await createResourceHost({ stateDirectory: join(root, "state"), clock: systemClock });
      const resources = resourcesIn(root, list);
      const readings = await host.read(resources, {});
      const bundle = { bundleId: "1", resources, remove: [], secrets: {} };
      const reports = await host.apply(bundle);
      for (const [index, reading] of readings.entries()) {
        const report = reports[index];
        const shown = { changes: reading.changes, error: reading.error };
        assert.deepEqual({ changes: report?.changes, error: report?.error }, shown, reading.address);
        if (!reading.error) assert.equal(report?.state, reading.action === "no-op" ? "unchanged" : "changed");
        if (reading.certainty === "simulated") simulated++;
        assert.notEqual(reading.certainty, "unknowable");
      }
      // Where every path has one resource, and nothing failed, nothing is left to do.
      const own = new Set(resources.map(({ properties }) => properties.path));
      if (own.size < resources.length || own.has(join(root, "d")) || reports.some(({ error }) => error))
        return;
      const again = await host.read(resources, {});
      assert.deepEqual(
        again.map(({ action }) => action),
        again.map(() => "no-op"),
      );
    }),
    { numRuns: 60 },
  );
  assert.ok(simulated > 15, `only ${simulated} changes were simulated`);
});

test("a plan that also removes is what its apply does, and afterwards all is as declared, whatever was renamed", async () => {
  await using directory = await temporaryDirectory("simulate");
  let replaced = 0;
  const renamed = (resources: Resource[], label: string) =>
    resources.map((resource, index) => ({ ...resource, address: `e/${resource.type}/h:${label}${index}` }));
  await fc.assert(
    fc.asyncProperty(
      before,
      fc.uniqueArray(declared, { maxLength: 4, selector: ({ path: name }) => name }),
      fc.uniqueArray(declared, { minLength: 1, maxLength: 4, selector: ({ path: name }) => name }),
      async (files, first, second) => {
        const root = join(directory.path, randomUUID());
        await mkdir(join(root, "d"), { recursive: true });
        for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
        const host = await createResourceHost({ stateDirectory: join(root, "state"), clock: systemClock });
        const prior = renamed(resourcesIn(root, first), "old");
        const made = await host.apply({ bundleId: "1", resources: prior, remove: [], secrets: {} });
        const remove = prior.filter((_, index) => made[index]?.error === undefined);
        const resources = renamed(resourcesIn(root, second), "new");
        const { order } = orderNodes(sequenceChanges(resources, remove, claimsOf));
        const readings = await host.read(resources, {}, { remove, order });
        const reports = await host.apply({ bundleId: "2", resources, remove, order, secrets: {} });
        const reportOf = (address: string) => reports.find((report) => report.address === address);
        // What could not be removed stands in the way of what comes after it: no plan knows.
        if (remove.some(({ address }) => reportOf(address)?.error !== undefined)) return;
        for (const reading of readings) {
          const report = reportOf(reading.address);
          const { changes, error } = reading;
          assert.deepEqual({ changes: report?.changes, error: report?.error }, { changes, error });
          if (order.indexOf(reading.address) >= remove.length) replaced++;
        }
        if (reports.some(({ error }) => error) || resources.some(({ type }) => type === "directory")) return;
        for (const { action, address } of await host.read(resources, {}))
          assert.equal(action, "no-op", address);
      },
    ),
    { numRuns: 40 },
  );
  assert.ok(replaced > 8, `only ${replaced} stood after a removal`);
});

test("what depends on something whose effects only running shows is unknowable; a command without a guard is no drift", async () => {
  await using directory = await temporaryDirectory("simulate");
  const host = await createResourceHost({
    stateDirectory: join(directory.path, "state"),
    clock: systemClock,
  });
  const at = (name: string) => join(directory.path, name);
  const make: Resource = {
    ...{ address: "e/command/h:make", type: "command", name: "h:make", host: "h", dependsOn: [] },
    properties: { command: ["sh", "-c", `echo one > ${at("made")}; echo done`] },
  };
  const edit: Resource = {
    ...{ address: "e/line/h:edit", type: "line", name: "h:edit", host: "h", dependsOn: [make.address] },
    properties: { path: at("made"), line: "two", create: true },
  };
  const readings = await host.read([make, edit], {});
  assert.deepEqual(
    readings.map(({ action, certainty }) => [action, certainty]),
    [
      ["update", "exact"],
      ["create", "unknowable"],
    ],
  );
  assert.equal(readings[1]?.reason, "e/command/h:make, which runs before, may change it");
  const bundle = { bundleId: "1", resources: [make, edit], remove: [], secrets: {} };
  const [ran] = await host.apply(bundle);
  assert.equal(ran?.output, "done\n");
  assert.deepEqual(await host.drift({ resources: [make, edit], secrets: {} }), []);
  const enforced = await host.apply({ ...bundle, bundleId: "2", enforcing: true });
  assert.deepEqual(
    enforced.map(({ state }) => state),
    ["unchanged", "unchanged"],
  );
});

test("what a command speaks of is unknowable too, without a dependency; what it does not speak of stays exact", async () => {
  await using directory = await temporaryDirectory("simulate");
  const host = await createResourceHost({
    stateDirectory: join(directory.path, "state"),
    clock: systemClock,
  });
  const at = (name: string) => join(directory.path, name);
  const make: Resource = {
    ...{ address: "e/script/h:make", type: "script", name: "h:make", host: "h", dependsOn: [] },
    properties: { name: "make", content: `/usr/bin/make-it --into=x ${at("made")} && systemctl stop app\n` },
  };
  const file = (name: string): Resource => ({
    ...{ address: `e/file/h:${name}`, type: "file", name: `h:${name}`, host: "h", dependsOn: [] },
    properties: { path: at(name), content: "x" },
  });
  const readings = await host.read(
    [file("made/before"), make, file("made/x"), file("made"), file("beside")],
    {},
  );
  assert.deepEqual(
    readings.map(({ certainty }) => certainty),
    ["exact", "exact", "unknowable", "unknowable", "exact"],
  );
});

test("a secret stands in no output and no difference, though the value reached the host inside a longer text", async () => {
  await using directory = await temporaryDirectory("simulate");
  const host = await createResourceHost({
    stateDirectory: join(directory.path, "state"),
    clock: systemClock,
  });
  const path = join(directory.path, "f");
  await writeFile(path, "token=tell-nobody\n");
  const resources: Resource[] = [
    {
      ...{ address: "e/command/h:c", type: "command", name: "h:c", host: "h", dependsOn: [] },
      properties: {
        command: ["sh", "-c", "echo $URL; echo $URL >&2; exit 1"],
        env: { URL: "http://x:tell-nobody@y" },
      },
    },
    {
      ...{ address: "e/line/h:l", type: "line", name: "h:l", host: "h", dependsOn: [] },
      properties: { path, line: "next" },
    },
  ];
  const told = [
    await host.read(resources, {}, { secretValues: ["tell-nobody"] }),
    await host.apply({ bundleId: "1", resources, remove: [], secrets: {}, secretValues: ["tell-nobody"] }),
  ];
  assert.ok(!JSON.stringify(told).includes("tell-nobody"));
  assert.match(JSON.stringify(told), /x:\(secret\)@y/);
});
