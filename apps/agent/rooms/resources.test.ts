import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AgentEvent, HostDesired } from "@havn/fleet/protocol";
import { createResourceHost } from "@havn/infrastructure/host";
import { systemClock as clock, type Resource } from "@havn/model";
import { createLog } from "../log.ts";
import { eventually } from "../testing.ts";
import { createResources } from "./resources.ts";

async function setUp(context: TestContext, mode: HostDesired["mode"]) {
  const directory = await mkdtemp(join(tmpdir(), "havn-resources-"));
  const path = join(directory, "motd");
  const resource: Resource = {
    address: `shop/file/web-1:${path}`,
    type: "file",
    name: `web-1:${path}`,
    host: "web-1",
    properties: { path, content: "as declared\n" },
    dependsOn: [],
  };
  const desired: HostDesired = {
    ...{ revision: 1, environment: "shop", host: "web-1", resources: [resource], mode },
    ...{ instances: [], balancers: [], checks: [], secrets: {} },
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
  return { path, resource, resources, events };
}

test("noop: drift is told once, and again when it is gone", async (context) => {
  const { path, resource, resources, events } = await setUp(context, "noop");
  const kinds = () => events.map(({ kind }) => kind);
  const bundle = { bundleId: "one", resources: [resource], remove: [], secrets: {} };
  const told: unknown[] = [];
  const reports = await resources.apply(bundle, (progress) => told.push(progress));
  assert.equal(reports[0]?.state, "changed");
  assert.ok(told.length > 0);
  resources.desiredChanged();
  await eventually("a check", () => resources.drift().checkedAt !== undefined);

  await writeFile(path, "by hand\n");
  const found = () => resources.drift().readings.length === 1;
  for (let look = 0; look < 2; look++) {
    const before = resources.drift().checkedAt;
    resources.desiredChanged();
    await eventually("another check", () => resources.drift().checkedAt !== before);
  }
  assert.ok(found());
  assert.equal(resources.drift().readings[0]?.address, resource.address);
  assert.equal(kinds().filter((kind) => kind === "drift.found").length, 1);
  assert.equal(await readFile(path, "utf8"), "by hand\n", "noop changes nothing");

  await writeFile(path, "as declared\n");
  resources.desiredChanged();
  await eventually("no drift", () => resources.drift().readings.length === 0);
  assert.equal(kinds().at(-1), "drift.gone");
});

test("enforce: the host is made as declared by itself", async (context) => {
  const { path, resources, events } = await setUp(context, "enforce");
  await eventually(
    "the file",
    async () => (await readFile(path, "utf8").catch(() => "")) === "as declared\n",
  );
  await eventually("no drift", () => events.some(({ kind }) => kind === "drift.gone"));
  await writeFile(path, "by hand\n");
  resources.desiredChanged();
  await eventually("the mend", async () => (await readFile(path, "utf8")) === "as declared\n");
});

test("off: nobody looks", async (context) => {
  const { path, resources, events } = await setUp(context, "off");
  await eventually("a round", () => resources.drift().checkedAt !== undefined);
  assert.deepEqual(resources.drift().readings, []);
  assert.deepEqual(events, []);
  await assert.rejects(readFile(path));
});
