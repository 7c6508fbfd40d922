import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { type Action, type Address, type Apply, HavnError, type Plan, type Resource } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import fc from "@havn/testkit/property";
import * as store from "../store.ts";
import { declared, graphOf } from "../testing/environment.ts";
import { claim } from "./leases.ts";
import * as applyStore from "./store.ts";

/** n3 may need n0 … n2, and so on: no circles. */
const names = ["n0", "n1", "n2", "n3", "n4"];
const addressOf = (name: string): Address => `shop/alert/${name}`;

/** What somebody wants of some resources: a value and what it needs, or that it goes. */
interface Intent {
  targets: { name: string; goes: boolean; needs: string[] }[];
}
/** Moments of three people, each: reads and plans, starts, ends. */
interface Story {
  intents: Intent[];
  moments: number[];
}

const people = 3;
const intent: fc.Arbitrary<Intent> = fc.record({
  targets: fc.uniqueArray(
    fc.nat({ max: names.length - 1 }).chain((index) =>
      fc.record({
        name: fc.constant(names[index] ?? ""),
        goes: fc.boolean(),
        needs: fc.subarray(names.slice(0, index)),
      }),
    ),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  ),
});
const story: fc.Arbitrary<Story> = fc.record({
  intents: fc.array(intent, { minLength: people, maxLength: people }),
  moments: fc.shuffledSubarray([0, 0, 0, 1, 1, 1, 2, 2, 2], { minLength: 9 }),
});

type World = Map<Address, { value: string; needs: Address[] }>;

/** A plan as the engine stores it and as the oracle sees it. */
interface Planned {
  stored: store.StoredPlan;
  writes: Map<Address, { value: string; needs: Address[] } | undefined>;
  seen: World;
}

/** Plans an intent against the world: what goes and is there is deleted, the rest made; needs that are not there are left out. */
function planIntent(world: World, serial: number, person: number, { targets }: Intent): Planned | undefined {
  const going = new Set(targets.filter(({ goes }) => goes).map(({ name }) => addressOf(name)));
  const made = new Set(targets.filter(({ goes }) => !goes).map(({ name }) => addressOf(name)));
  const writes: Planned["writes"] = new Map();
  for (const { name, goes, needs } of targets) {
    const address = addressOf(name);
    if (goes && !world.has(address)) continue;
    const there = needs.map(addressOf).filter((one) => made.has(one) || (world.has(one) && !going.has(one)));
    writes.set(address, goes ? undefined : { value: `by ${person}`, needs: there });
  }
  // As checkGraph has it: nobody plans to remove what something else that stays needs.
  for (const [address, { needs }] of world)
    if (!writes.has(address) && needs.some((one) => going.has(one))) return undefined;
  if (writes.size === 0) return undefined;
  const resources: Resource[] = [];
  const prior: Resource[] = [];
  const changes: Plan["changes"] = [];
  for (const address of new Set([...world.keys(), ...writes.keys()])) {
    const before = world.get(address);
    const after = writes.has(address) ? writes.get(address) : before;
    if (after) resources.push(resourceOf(address, after));
    if (!writes.has(address)) continue;
    if (before) prior.push(resourceOf(address, before));
    const action: Action = !after ? "delete" : before ? "update" : "create";
    changes.push({ address, type: "alert", action, changes: [] });
  }
  const plan: Plan = {
    ...{
      id: `plan-${person}`,
      environment: "shop",
      createdAt: 1,
      changes,
      diagnostics: [],
      missingArtifacts: [],
    },
    summary: { create: 0, update: 0, replace: 0, delete: 0, "no-op": 0 },
  };
  return {
    stored: { plan, kind: "apply", serial, graph: graphOf(...resources), prior },
    writes,
    seen: new Map(world),
  };
}

const resourceOf = (address: Address, { value, needs }: { value: string; needs: Address[] }): Resource =>
  declared("alert", address.split("/")[2] ?? "", { properties: { value }, dependsOn: needs });

/** Everything that a plan's writes need, directly or not, as it saw them. */
function needsOf({ writes, seen }: Planned): Set<Address> {
  const found = new Set<Address>();
  const visit = (address: Address): void => {
    if (found.has(address)) return;
    found.add(address);
    const state = writes.has(address) ? (writes.get(address) ?? seen.get(address)) : seen.get(address);
    for (const need of state?.needs ?? []) visit(need);
  };
  for (const address of writes.keys()) visit(address);
  for (const address of writes.keys()) found.delete(address);
  return found;
}

/** The oracle: compares whole worlds instead of serials, and whole plans instead of leases. */
function mayStart(
  planned: Planned,
  world: World,
  versions: Map<Address, number>,
  at: Map<Address, number>,
  running: Planned[],
): boolean {
  const needs = needsOf(planned);
  const relied = new Set([...planned.writes.keys(), ...needs]);
  for (const address of relied) if (versions.get(address) !== at.get(address)) return false;
  for (const [address, { needs: of }] of world)
    if (!planned.writes.has(address) && versions.get(address) !== at.get(address))
      if (of.some((one) => planned.writes.has(one) && planned.writes.get(one) === undefined)) return false;
  return running.every((other) => {
    const otherNeeds = needsOf(other);
    return (
      [...other.writes.keys()].every((address) => !relied.has(address)) &&
      [...planned.writes.keys()].every((address) => !otherNeeds.has(address))
    );
  });
}

async function recordedWorld(sql: Sql): Promise<World> {
  const { resources } = await store.readRecorded(sql, "shop");
  return new Map(
    resources.map(({ address, properties, dependsOn }) => [
      address,
      { value: String(properties.value), needs: dependsOn },
    ]),
  );
}

/** One story told to the engine and to the oracle, moment by moment. Gives how many were let in beside another one. */
async function tell(sql: Sql, { intents, moments }: Story): Promise<{ besides: number; refused: number }> {
  await sql`truncate infrastructure.environment, infrastructure.resource, infrastructure.resource_version,
    infrastructure.plan, infrastructure.apply, infrastructure.apply_step, infrastructure.lease`;
  const world: World = new Map();
  const versions = new Map<Address, number>();
  const plans = new Map<number, { planned: Planned; at: Map<Address, number> }>();
  const running = new Map<number, Planned>();
  const told = new Map<number, number>();
  let [besides, refused, changes] = [0, 0, 0];
  for (const person of moments) {
    const moment = told.get(person) ?? 0;
    told.set(person, moment + 1);
    if (moment === 0) {
      const { serial } = await store.readRecorded(sql, "shop");
      const planned = planIntent(world, serial, person, intents[person] ?? { targets: [] });
      if (!planned) continue;
      await store.insertPlan(sql, planned.stored);
      plans.set(person, { planned, at: new Map(versions) });
    } else if (moment === 1) {
      const plan = plans.get(person);
      if (!plan) continue;
      const expected = mayStart(plan.planned, world, versions, plan.at, [...running.values()]);
      const started = await starts(sql, person, plan.planned.stored);
      assert.equal(started, expected, `person ${person} at moment ${moments.join()}`);
      if (!started) refused++;
      else {
        if (running.size > 0) besides++;
        running.set(person, plan.planned);
      }
    } else {
      const planned = running.get(person);
      if (!planned) continue;
      running.delete(person);
      await finish(sql, person, planned);
      for (const [address, state] of planned.writes) {
        versions.set(address, ++changes);
        if (state) world.set(address, state);
        else world.delete(address);
      }
      assert.deepEqual(
        [...(await recordedWorld(sql))].sort(),
        [...world].sort(),
        "what is recorded is what whoever was let in wrote",
      );
      for (const { needs } of world.values())
        for (const need of needs) assert.ok(world.has(need), `${need} is needed and gone`);
    }
  }
  return { besides, refused };
}

async function starts(sql: Sql, person: number, stored: store.StoredPlan): Promise<boolean> {
  const apply: Apply = {
    ...{
      id: `apply-${person}`,
      environment: "shop",
      kind: "apply",
      planId: stored.plan.id,
      state: "running",
    },
    ...{ actor: `user:${person}`, startedAt: person, steps: [] },
  };
  try {
    await sql.begin((db) => claim(db, { stored, apply }));
    return true;
  } catch (error) {
    assert.ok(error instanceof HavnError && error.status === 409, String(error));
    return false;
  }
}

async function finish(sql: Sql, person: number, { stored, writes }: Planned): Promise<void> {
  const id = `apply-${person}`;
  await sql.begin((db) =>
    store.recordResources(db, {
      ...{ environment: "shop", applyId: id, at: 1 },
      put: stored.graph.resources
        .filter(({ address }) => writes.has(address))
        .map((resource, position) => ({ resource, position })),
      remove: [...writes].filter(([, state]) => state === undefined).map(([address]) => address),
    }),
  );
  await applyStore.endApply(sql, { id, state: "succeeded", error: undefined, endedAt: 2 });
}

test("whoever plans, starts and ends when: let in exactly where nobody else changed or holds what the plan stands on", async () => {
  await using database = await testDatabase();
  const migrations = new URL("../migrations/", import.meta.url);
  assert.ok((await readdir(migrations)).length > 1);
  await migrate(database.sql, "infrastructure", migrations);
  let [besides, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(story, async (one) => {
      const told = await tell(database.sql, one);
      besides += told.besides;
      refused += told.refused;
    }),
    { numRuns: 150 },
  );
  assert.ok(besides > 10, `only ${besides} applies ran beside another one`);
  assert.ok(refused > 10, `only ${refused} plans were refused`);
});
