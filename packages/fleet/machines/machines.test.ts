import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { until, virtualClock } from "@havn/testkit";
import { createTimeline } from "@havn/timeline";
import { openRoster } from "../hosts/roster.ts";
import { playMachines } from "../testing.ts";
import { createMachines } from "./machines.ts";

const machine = {
  ...{ address: "shop/machine/m-1", environment: "shop", name: "m-1" },
  spec: { provider: "nspawn" as const, image: "debian-12" as const },
};
const say = () => {};

async function openMachines(played = playMachines()) {
  const stack = new AsyncDisposableStack();
  const { sql } = stack.use(await testDatabase());
  await migrate(sql, "fleet", new URL("../migrations/", import.meta.url));
  const clock = virtualClock();
  const timeline = await createTimeline({ sql, clock });
  const roster = await openRoster(sql);
  const stopped: string[] = [];
  /** Throws after the next entry was written, as a crash would cut short what comes then. */
  const crash = { next: false };
  const machines = stack.use(
    createMachines({
      ...{ sql, clock, roster, provider: played.provider },
      timeline: {
        async write(event) {
          await timeline.write(event);
          if (!crash.next) return;
          crash.next = false;
          throw new Error("cut short");
        },
      },
      publicKey: async () => "ssh-ed25519 x",
      reachable: async () => {},
      stopped: (address) => stopped.push(address),
      log: () => {},
    }),
  );
  return {
    ...{ machines, played, roster, stopped, crash, sql },
    kinds: async () => (await timeline.list({ after: 0 })).map(({ kind }) => kind),
    /** Lets time pass until it is so. */
    later: (what: string, so: () => boolean | Promise<boolean>) =>
      until(
        async () => {
          await clock.advance(2000);
          return so();
        },
        { what },
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a machine that stops is started again, and each change is told once although it is cut short", async () => {
  await using room = await openMachines();
  const { machines, played, crash } = room;
  await machines.ensure(machine, say);
  await machines.start();
  for (let round = 1; round <= 2; round++) {
    crash.next = true;
    played.states.set("m-1", "stopped");
    await room.later("its end", () => room.stopped.length === round);
    await room.later("its start", async () => (await room.kinds()).length === 1 + 2 * round);
  }
  assert.deepEqual(await room.kinds(), [
    "machine.started",
    ...["machine.stopped", "machine.started"],
    ...["machine.stopped", "machine.started"],
  ]);
  assert.deepEqual(room.stopped, [machine.address, machine.address]);
});

test("a machine that runs while its record says otherwise is recorded as running", async () => {
  await using room = await openMachines();
  await room.machines.ensure(machine, say);
  await room.sql`update fleet.machine set state = 'stopped'`;
  await room.machines.start();
  await room.later("the record", () => room.roster.machine(machine.address)?.state === "running");
});

test("what is destroyed while it is looked at, or half destroyed before a restart, is not made again", async () => {
  const played = playMachines();
  const listed = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let lists = 0;
  const { list } = played.provider;
  played.provider.list = async () => {
    lists++;
    if (lists > 1) return list();
    listed.resolve();
    await gate.promise;
    return [];
  };
  await using room = await openMachines(played);
  const other = { ...machine, address: "shop/machine/m-2", name: "m-2" };
  await room.machines.ensure(machine, say);
  await room.machines.ensure(other, say);
  const { destroy } = played.provider;
  played.provider.destroy = async () => {
    throw new Error("killed");
  };
  await assert.rejects(room.machines.destroy(other.address), /killed/);
  played.provider.destroy = destroy;
  played.states.delete("m-2");
  await room.machines.start();
  await listed.promise;
  await room.machines.destroy(machine.address);
  gate.resolve();
  await room.later("more looks", () => lists > 3);
  assert.equal(played.ensured(), 2);
  assert.deepEqual([...played.states], []);
});
