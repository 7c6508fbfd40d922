import type { Address, Resource } from "@havn/model";
import { sameValue } from "@havn/plan";
import { findDefinition } from "../definitions.ts";

/** What is remembered of a resource that was mended: whether it stays, and when to try again. */
export interface Attempt {
  /** When it was mended, within the last day, the latest last. */
  mended: readonly number[];
  /** How often in a row, each soon after the one before. */
  streak: number;
  /** Failures in a row. */
  failures: number;
  /** Not mended before then. */
  notBefore: number;
}

/** Somebody else keeps changing it back. */
export interface Fight {
  address: Address;
  /** When the first of its latest mends was. */
  since: number;
  /** How often it was mended since. */
  mended: number;
}

const untried: Attempt = { mended: [], streak: 0, failures: 0, notBefore: 0 };
const dayMs = 24 * 3_600_000;
/** So often in a day is no accident; so often in a row is a loop. */
const fightAfter = 5;
const soonMs = 5 * 60_000;
const firstFightRestMs = 60_000;
const firstFailureRestMs = 10_000;
const longestRestMs = 60 * 60_000;

/**
 * Decides when drift may be mended again. What comes back each time that it was mended is a fight with somebody, and what
 * cannot be mended fails again: both are tried ever more seldom, so that neither costs the host more than it is worth.
 */
export function createMending() {
  const attempts = new Map<Address, Attempt>();
  const of = (address: Address): Attempt => attempts.get(address) ?? untried;
  return {
    of,
    mayMend: (address: Address, at: number): boolean => of(address).notBefore <= at,
    /** What came of a try. Gives whether a fight or a failure began with it. */
    note(address: Address, outcome: "mended" | "failed", at: number): "fight" | "failure" | undefined {
      const before = of(address);
      const after = outcome === "mended" ? afterMend(before, at) : afterFailure(before, at);
      attempts.set(address, after);
      if (isFight(after, at) && !isFight(before, at)) return "fight";
      return outcome === "failed" && before.failures === 0 ? "failure" : undefined;
    },
    /** What somebody else keeps changing, until it is quiet; what differs now and waits for its turn is not. */
    fights: (at: number, differs: (address: Address) => boolean = () => false): Fight[] =>
      [...attempts].flatMap(([address, attempt]) => {
        const { mended } = attempt;
        const [since = at] = mended;
        const isOn =
          isFight(attempt, at) && (differs(address) || at - (mended.at(-1) ?? 0) <= quietMs(mended));
        return isOn ? [{ address, since, mended: mended.length }] : [];
      }),
    /** When the first of them may be tried again; undefined where all may now. */
    next(addresses: Iterable<Address>, at: number): number | undefined {
      const times = [...addresses].map((address) => of(address).notBefore).filter((time) => time > at);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
    /** What is no longer declared. */
    keepOnly(addresses: ReadonlySet<Address>): void {
      for (const address of attempts.keys()) if (!addresses.has(address)) attempts.delete(address);
    },
    /** What was declared anew deserves a new try. */
    forget: (address: Address) => void attempts.delete(address),
  };
}
export type Mending = ReturnType<typeof createMending>;

const isFight = ({ mended }: Attempt, at: number): boolean =>
  mended.filter((time) => time > at - dayMs).length >= fightAfter;

/** Twice as long as it was ever quiet between its latest mends is quiet indeed. */
function quietMs(mended: readonly number[]): number {
  const latest = mended.slice(-fightAfter);
  const gaps = latest.slice(1).map((time, index) => time - (latest[index] ?? time));
  return Math.max(soonMs, 2 * Math.max(0, ...gaps));
}

function afterMend(before: Attempt, at: number): Attempt {
  const mended = [...before.mended.filter((time) => time > at - dayMs), at].slice(-2 * fightAfter);
  const last = before.mended.at(-1) ?? 0;
  const streak = at - last <= soonMs + 2 * restAfter(before.streak) ? before.streak + 1 : 1;
  const rest = restAfter(streak);
  return { mended, streak, failures: 0, notBefore: rest > 0 ? at + rest : 0 };
}

function afterFailure(before: Attempt, at: number): Attempt {
  const failures = before.failures + 1;
  const rest = Math.min(longestRestMs, firstFailureRestMs * 2 ** Math.min(failures - 1, 20));
  return { ...before, failures, notBefore: at + rest };
}

const restAfter = (streak: number): number =>
  streak < fightAfter
    ? 0
    : Math.min(longestRestMs, firstFightRestMs * 2 ** Math.min(streak - fightAfter, 20));

/**
 * What mending `drifted` takes, in the order of `resources`: what they stand on, which may be gone too, and what is
 * restarted or reloaded because of them.
 */
export function mendingBundle(resources: readonly Resource[], drifted: ReadonlySet<Address>): Resource[] {
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  const taken = new Set(drifted);
  for (const address of taken)
    for (const before of byAddress.get(address)?.dependsOn ?? [])
      if (byAddress.has(before)) taken.add(before);
  const changing = new Set(drifted);
  for (let size = -1; size !== changing.size; ) {
    size = changing.size;
    for (const { address, type, properties } of resources)
      if (
        findDefinition(type)
          ?.triggers?.(properties)
          .some(({ on }) => changing.has(on))
      )
        changing.add(address);
  }
  return resources.filter(({ address }) => taken.has(address) || changing.has(address));
}

/** Whether all of `applied` is what `desired` declares already: nobody needs to be told anew what the host shall be. */
export function isDeclared(applied: readonly Resource[], desired: readonly Resource[]): boolean {
  const byAddress = new Map(desired.map((resource) => [resource.address, resource]));
  return applied.every(({ address, properties }) => {
    const declared = byAddress.get(address);
    return declared !== undefined && sameValue(declared.properties, properties);
  });
}
