import assert from "node:assert/strict";
import { test } from "node:test";
import { type HostProperties, type MaintenanceWindow, systemClock } from "@havn/model";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { virtualClock } from "@havn/testkit";
import { createTimeline } from "@havn/timeline";
import type { Connections } from "../gateway/connections.ts";
import { createDesired } from "../hosts/desired.ts";
import { openRoster } from "../hosts/roster.ts";
import { findDesired, putHost } from "../store.ts";
import { createMaintenance } from "./maintenance.ts";
import { type Recurring, tellWindows } from "./windows.ts";

const window: MaintenanceWindow = { schedule: "0 * * * *", for: "1h", zone: "UTC", reason: "always" };

test("maintenance reaches the hosts that it is about, ends by hand or by itself, and is told once", async () => {
  await using db = await testDatabase();
  const { sql } = db;
  await migrate(sql, "fleet", new URL("../migrations/", import.meta.url));
  const timeline = await createTimeline({ sql, clock: systemClock });
  const clock = virtualClock();
  const properties: HostProperties = { via: { kind: "this-computer" }, labels: {}, mode: "enforce" };
  for (const name of ["web-1", "web-2"])
    await putHost(sql, { address: `shop/host/${name}`, environment: "shop", name, properties, at: 0 });
  const withWindow = { ...properties, maintenance: [window] };
  await putHost(sql, { address: "lab/host/a", environment: "lab", name: "a", properties: withWindow, at: 0 });
  const roster = await openRoster(sql);
  // Nobody is connected: what is put waits in the database.
  const connections = { find: () => undefined } as unknown as Connections;
  const { desired } = createDesired({ sql, connections, resolve: async (_, value) => value, log: () => {} });
  const maintenance = createMaintenance({ sql, clock, timeline, roster, desired });
  const pausesOf = async (host: string) =>
    ((await findDesired(sql, `shop/host/${host}`))?.sections.pauses ?? []) as {
      id: string;
      reason: string;
    }[];
  const told = async () => (await timeline.list({ kind: "maintenance" })).map(({ kind }) => kind);

  const by = { reason: "new disk", actor: "user:anna" };
  const id = "0198c0de-0000-7000-8000-000000000001";
  const one = await maintenance.begin({ environment: "shop", host: "web-1", forMs: 3_600_000, ...by, id });
  assert.deepEqual(one.hosts, ["web-1"]);
  // Asked again, as after an answer that was lost.
  await maintenance.begin({ environment: "shop", host: "web-1", forMs: 3_600_000, ...by, id });
  assert.deepEqual(
    (await pausesOf("web-1")).map((pause) => pause.id),
    [id],
  );
  assert.deepEqual(await pausesOf("web-2"), []);

  const all = await maintenance.begin({ environment: "shop", forMs: 600_000, ...by, reason: "move" });
  assert.deepEqual(all.hosts.toSorted(), ["web-1", "web-2"]);
  assert.deepEqual(
    (await pausesOf("web-2")).map(({ reason }) => reason),
    ["move"],
  );
  const listed = await maintenance.list();
  assert.equal(listed.maintenance.length, 2);
  assert.deepEqual(
    listed.windows.map(({ host }) => host),
    ["a"],
  );
  assert.deepEqual(
    listed.declared.map(({ name, source, when, next }) => [name, source, when, next.length]),
    [["a", "host", '"0 * * * *" UTC', 5]],
  );

  await maintenance.end(id);
  assert.deepEqual(
    (await pausesOf("web-1")).map(({ reason }) => reason),
    ["move"],
  );
  await clock.advance(600_001);
  await maintenance.settle();
  await maintenance.settle();
  assert.deepEqual(await pausesOf("web-2"), []);
  assert.deepEqual((await told()).toSorted(), [
    ...["maintenance.ended", "maintenance.ended", "maintenance.opened"],
    ...["maintenance.started", "maintenance.started"],
  ]);

  // Again and again: agents know the windows, and so does whoever holds alerts back.
  const recurring = { ...window, rrule: "FREQ=DAILY", from: "1970-01-01T00:00", for: "1h", zone: "UTC" };
  const { schedule: _, ...daily } = recurring;
  const nightly = await maintenance.begin({ environment: "shop", host: "web-1", recurring: daily, ...by });
  assert.equal(nightly.next.length, 5);
  const windowsOf = async (host: string) => (await findDesired(sql, `shop/host/${host}`))?.sections.windows;
  assert.deepEqual(
    [await windowsOf("web-1"), await windowsOf("web-2")],
    [[{ ...daily, reason: "always" }], []],
  );
  const only = { environment: "shop", forMs: 600_000, match: ["severity!=critical"], ...by };
  const { hosts: mended } = await maintenance.begin(only);
  assert.deepEqual(mended, []);
  const resource = (properties: Record<string, unknown>) => ({
    ...{ address: "shop/maintenance/patches", type: "maintenance", name: "patches", dependsOn: [] },
    properties: { reason: "patches", windows: [window], ...properties },
  });
  const { executor } = maintenance;
  const steps = { step: <T>(_name: string, work: () => Promise<T>) => work() };
  const plain = { applyId: "a", actor: "user:anna", tell: () => {} };
  const wanted = resource({ of: ["shop/host/web-2"] });
  assert.equal((await executor.plan(wanted, undefined)).action, "create");
  const change = { address: wanted.address, type: "maintenance", action: "create" as const, changes: [] };
  await executor.apply(steps as never, change, wanted, plain);
  assert.equal((await executor.plan(wanted, undefined)).action, "no-op");
  assert.deepEqual(await windowsOf("web-2"), [{ ...window, reason: "always" }]);
  const known = await maintenance.known();
  const now = clock.now();
  assert.deepEqual(
    known.map(({ of, match, openUntil }) => [of, match, openUntil(now) !== undefined]),
    [
      [null, ["severity!=critical"], true],
      [["shop/host/web-1"], [], true],
      [["shop/host/web-2"], [], true],
      [["lab/host/a"], [], true],
    ],
  );
  await executor.remove(steps as never, wanted, plain);
  await maintenance.end(nightly.id);
  assert.deepEqual([await windowsOf("web-1"), await windowsOf("web-2")], [[], []]);

  await assert.rejects(maintenance.end("gone"), /There is no maintenance gone/);
  await assert.rejects(maintenance.begin({ environment: "shop", host: "web-9", forMs: 60_000, ...by }), {
    status: 404,
  });
  await assert.rejects(maintenance.begin({ environment: "none", forMs: 60_000, ...by }), { status: 404 });
  await assert.rejects(maintenance.begin({ environment: "shop", forMs: 1000, ...by }), { status: 400 });

  await maintenance.setMode("lab/host/a", { ...withWindow, driftInterval: "5m" });
  const { sections } = (await findDesired(sql, "lab/host/a")) ?? { sections: {} };
  assert.deepEqual(sections, { mode: "enforce", driftInterval: "5m", windows: [window], pauses: [] });
});

test("windows that open and close are told on the timeline, each once, also when Havn was away or the window is gone", async () => {
  await using db = await testDatabase();
  const { sql } = db;
  await migrate(sql, "fleet", new URL("../migrations/", import.meta.url));
  const clock = virtualClock(Date.parse("2026-11-28T00:30:00Z"));
  const timeline = await createTimeline({ sql, clock });
  const nightly = { rrule: "FREQ=DAILY", from: "2026-11-01T02:00", for: "1h", zone: "Europe/Oslo" };
  const window = (key: string): Recurring => ({
    ...{ key, environment: "shop", source: "declared", name: "patches", of: ["shop/host/web-1"], match: [] },
    ...{ reason: "patches", window: nightly },
  });
  const tell = (...windows: Recurring[]) => tellWindows(windows, { sql, clock, timeline });
  const told = async () =>
    (await timeline.list({ kind: "maintenance" }))
      .map(({ kind, at }) => `${kind} ${new Date(at).toISOString().slice(8, 16)}`)
      .toReversed();
  await tell(window("a"));
  assert.deepEqual(await told(), []);
  await clock.advance(40 * 60_000);
  for (let again = 0; again < 3; again++) await tell(window("a"));
  assert.deepEqual(await told(), ["maintenance.opened 28T01:10"]);
  // Away until long after it closed.
  await clock.advance(5 * 3_600_000);
  await tell(window("a"));
  assert.deepEqual((await told()).slice(1), ["maintenance.closed 28T02:00"]);
  await clock.advance(19.5 * 3_600_000);
  await tell(window("a"));
  await tell();
  assert.deepEqual((await told()).slice(2), ["maintenance.opened 29T01:40", "maintenance.closed 29T01:40"]);
  const [event] = await timeline.list({ kind: "maintenance.opened" });
  assert.equal(event?.host, "shop/host/web-1");
  assert.match(event?.summary ?? "", /of web-1 is open until 2026-11-29 02:00 UTC: patches/);
});
