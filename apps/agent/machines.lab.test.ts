import assert from "node:assert/strict";
import { test } from "node:test";
import { createNspawnProvider, type NspawnProvider } from "@havn/fleet/machines/nspawn";
import type { Resource } from "@havn/model";
import { applyHost, eventually, hostResource, openTestFleet, steps } from "./testing.ts";

const names = ["lb-1", "web-1", "web-2", "db-1"];
const machine = (name: string): Resource => ({
  address: `lab/machine/${name}`,
  type: "machine",
  name,
  properties: { provider: "nspawn", image: "debian-12" },
  dependsOn: [],
});
const host = (name: string) => hostResource("lab", name, { kind: "machine", machine: name });

test("agents reach four machines over SSH, come back with them, and leave", {
  timeout: 600_000,
}, async (context) => {
  let provider: NspawnProvider | undefined;
  const opened = await openTestFleet(context, {
    machineProvider: (dataDirectory) => {
      provider = createNspawnProvider({ dataDirectory });
      context.after(() => provider?.destroyAll());
      return provider;
    },
  });
  const { fleet, timeline } = opened;
  const timed = async <T>(what: string, work: () => Promise<T>) => {
    const began = Date.now();
    const result = await work();
    context.diagnostic(`${what}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    return result;
  };
  await timed("four machines", () => Promise.all(names.map((name) => applyHost(fleet, machine(name)))));
  await timed("four agents", () => Promise.all(names.map((name) => applyHost(fleet, host(name)))));
  await timed("again", () => Promise.all(names.map((name) => applyHost(fleet, host(name)))));
  const [machineExecutor, hostExecutor] = fleet.executors;
  for (const name of names) {
    assert.equal((await machineExecutor?.plan(machine(name), undefined))?.action, "no-op");
    assert.equal((await hostExecutor?.plan(host(name), undefined))?.action, "no-op");
  }
  const status = await fleet.status("lab");
  assert.deepEqual(
    status.map(({ name, connected, machine: state, facts }) => ({
      name,
      connected,
      state,
      init: facts?.init,
    })),
    names.toSorted().map((name) => ({ name, connected: true, state: "running", init: "systemd" })),
  );
  assert.equal(fleet.runtimeOf("lab/host/web-1"), "systemd");

  // A power cut: the machine is started again, and its agent comes back by itself. Whether the host counts as lost in
  // between depends on how quickly it boots.
  await timed("back after a power cut", async () => {
    let back = false;
    fleet.events.on("connected", (address) => {
      back ||= address === "lab/host/web-1";
    });
    await provider?.kill("lab", "web-1");
    await eventually("its agent", () => back, 90_000);
    assert.ok(fleet.hosts.isConnected("lab/host/web-1"));
  });
  await eventually("the story on the timeline", async () => {
    const events = await timeline.list({ kind: "machine", address: "lab/machine/web-1" });
    return events.map(({ kind }) => kind).join() === "machine.started,machine.stopped,machine.started";
  });

  // Down and up again.
  await timed("down", () => fleet.standDown());
  assert.deepEqual(new Set((await provider?.list())?.map(({ state }) => state)), new Set(["stopped"]));
  await timed("up again", async () => {
    const again = await opened.restart();
    for (const name of names) await again.hosts.waitConnected(`lab/host/${name}`, 60_000);
  });

  const context2 = { applyId: "a", actor: "test", tell: () => {} };
  const [machines, hosts] = opened.fleet.executors;
  await timed("destroy", async () => {
    await Promise.all(names.map((name) => hosts?.remove(steps, host(name), context2)));
    await Promise.all(names.map((name) => machines?.remove(steps, machine(name), context2)));
  });
  assert.deepEqual(await opened.fleet.status("lab"), []);
  assert.deepEqual(await provider?.list(), []);
});
