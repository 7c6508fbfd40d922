import { dirname } from "node:path/posix";
import type { Address } from "@havn/model";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { claimsOf } from "../things.ts";
import { mustRun } from "./commands.ts";
import type { Compared, Entry } from "./read.ts";

/** As many files are written at the same time: together they wait for the disk once. */
const sideBySide = 16;

/**
 * What each entry waits for: a resource for those that it depends on and for what stands before it and makes room for it,
 * a removal for those that used it and stand before it.
 */
export function openWaits(entries: readonly Entry[]): (entry: Entry) => readonly Address[] {
  const users = new Map<Address, Address[]>();
  const removedSoFar = new Map<string, Address[]>();
  const replaced = new Map<Address, Address[]>();
  const append = <Key>(map: Map<Key, Address[]>, key: Key, address: Address) => {
    const list = map.get(key);
    if (list) list.push(address);
    else map.set(key, [address]);
  };
  const removals = new Map<Address, readonly Address[]>();
  const removes = entries.some(({ wanted }) => wanted === "absent");
  for (const { resource, wanted } of entries) {
    const { address } = resource;
    const things = removes ? claimsOf(resource).things : [];
    if (wanted === "absent") {
      removals.set(address, [...(users.get(address) ?? [])]);
      for (const thing of things) append(removedSoFar, thing, address);
    } else
      for (const thing of things)
        for (const old of removedSoFar.get(thing) ?? []) append(replaced, address, old);
    for (const used of resource.dependsOn) append(users, used, address);
  }
  return ({ resource: { address, dependsOn }, wanted }) =>
    wanted === "absent" ? (removals.get(address) ?? []) : [...dependsOn, ...(replaced.get(address) ?? [])];
}

/** Operations that touch nothing but the path that they name. */
const ofOnePath = new Set<Operation["kind"]>(["write", "make directory", "set attributes", "remove file"]);

const isOfOnePath = ({ plan }: Compared): boolean =>
  plan?.operations.every(({ kind }) => ofOnePath.has(kind)) ?? true;

/**
 * A group in rounds, one after the other, in its order. What writes to paths of its own goes together; so do units that
 * wait for none of each other: what systemctl is to do for several is done by `prepareUnits`. All else goes alone.
 */
export function roundsOf(
  group: readonly Compared[],
  waitsFor: (entry: Entry) => readonly Address[],
): Compared[][] {
  const rounds: Compared[][] = [];
  let inRound = new Set<Address>();
  for (const one of group) {
    const last = rounds.at(-1)?.at(-1);
    const isUnit = one.resource.type === "systemd.unit";
    const joins =
      last !== undefined &&
      (isUnit
        ? last.resource.type === one.resource.type && !waitsFor(one).some((address) => inRound.has(address))
        : isOfOnePath(one) && isOfOnePath(last));
    if (!joins) inRound = new Set();
    if (joins) rounds.at(-1)?.push(one);
    else rounds.push([one]);
    inRound.add(one.resource.address);
  }
  return rounds;
}

/** Files are written side by side, each after those that it waits for and its folders; all else one after the other. */
export async function performRound(
  round: readonly Compared[],
  waitsFor: (entry: Entry) => readonly Address[],
  perform: (one: Compared) => Promise<void>,
): Promise<void> {
  const width = round.every(isOfOnePath) ? sideBySide : 1;
  const begun = new Map<Address, Promise<void>>();
  const making = new Map<string, Promise<void>>();
  // What one waits for stands before it, so it has begun.
  const begin = async (one: Compared) => {
    await Promise.all([
      ...waitsFor(one).map((address) => begun.get(address)),
      ...foldersOf(one).map((folder) => making.get(folder)),
    ]);
    await perform(one);
  };
  const waiting = round.values();
  await Promise.all(
    Array.from({ length: Math.min(width, round.length) }, async () => {
      for (const one of waiting) {
        const work = begin(one);
        begun.set(one.resource.address, work);
        for (const operation of one.plan?.operations ?? [])
          if (operation.kind === "make directory") making.set(operation.path, work);
        await work;
      }
    }),
  );
}

/** All folders that the paths which it changes lie in. */
function foldersOf({ plan }: Compared): string[] {
  const folders = new Set<string>();
  for (const operation of plan?.operations ?? [])
    if ("path" in operation)
      for (let folder = dirname(operation.path); folder.length > 1; folder = dirname(folder))
        folders.add(folder);
  return [...folders];
}

/** How many operations of a unit are done, why one failed, how long all units took together. */
export type Outcome = { error?: unknown; done: number; durationMs: number };

/**
 * What units have in common is done once for all: their files are written, systemd reads them again, and all that shall
 * start with the machine are enabled.
 */
export async function prepareUnits(
  units: readonly Compared[],
  perform: (operation: Operation, one: Compared) => Promise<unknown>,
): Promise<Map<Address, Omit<Outcome, "durationMs">>> {
  const outcomes = new Map<Address, Omit<Outcome, "durationMs">>(
    units.map(({ resource }) => [resource.address, { done: 0 }]),
  );
  if (units.length < 2) return outcomes;
  const outcomeOf = ({ resource }: Compared) => outcomes.get(resource.address) ?? { done: 0 };
  const next = (one: Compared): Operation | undefined => one.plan?.operations[outcomeOf(one).done];
  const advance = (one: Compared) => {
    outcomeOf(one).done += 1;
  };
  const going = () => units.filter((one) => outcomeOf(one).error === undefined);
  for (const one of going())
    try {
      for (let operation = next(one); operation && !isSystemctl(operation); operation = next(one)) {
        await perform(operation, one);
        advance(one);
      }
    } catch (error) {
      outcomeOf(one).error = error;
    }
  for (const verb of ["daemon-reload", "enable"] as const) {
    const asked = going().filter((one) => isSystemctl(next(one), verb));
    if (asked.length < 2) continue;
    const names = verb === "enable" ? asked.map(({ resource }) => String(resource.properties.name)) : [];
    // Where it fails for all, each is tried by itself and tells what is wrong with it.
    await mustRun(["systemctl", verb, ...names]).then(
      () => asked.forEach(advance),
      (error: unknown) => {
        if (!(error instanceof HavnError)) throw error;
      },
    );
  }
  return outcomes;
}

const isSystemctl = (operation: Operation | undefined, verb?: string): boolean =>
  operation?.kind === "run" &&
  operation.command[0] === "systemctl" &&
  (verb === undefined || operation.command[1] === verb);
