import type { Address, CheckResult, CheckView, Clock } from "@havn/model";
import { isOutage } from "@havn/postgres";
import type { Book } from "../alerts/book.ts";
import type { Condition } from "../alerts/machine.ts";
import { checkCondition, checkScope } from "../conditions/checks.ts";
import type { Probe } from "../store.ts";
import { askedFirst, type KnownCheck, type Suppression, suppressionOf } from "./reachability.ts";

export interface BoardOptions {
  clock: Clock;
  book: Pick<Book, "observeMany">;
  /** Runs checks now where they are run; results come by `observe`. Throws where nobody can. */
  runNow(probes: readonly Probe[]): Promise<void>;
  /** Checks of whose trouble somebody was told before a restart. */
  told: readonly Address[];
  log(message: string): void;
}

/** What is known of all checks, and which of it is wrong. */
export interface Board {
  /** Checks were declared, changed or removed. */
  declared(probes: ReadonlyMap<Address, Probe>): void;
  /** Results of checks that `from` (a host's address, or "" for the control plane) runs; others are left out. */
  observe(from: string, results: readonly CheckResult[]): void;
  /** Looks again at what lies behind others, and at what could not be kept. Resolves when that is durable. */
  tick(): Promise<void>;
  views(): CheckView[];
  result(address: Address): CheckResult | undefined;
  suppression(address: Address): Suppression;
  /** Resolves when all that came in was taken in. */
  settled(): Promise<void>;
}

/** A parent that was asked so lately is not asked again for each of its children. */
const freshMs = 1000;

export function createBoard({ clock, book, runNow, log, ...before }: BoardOptions): Board {
  let probes: ReadonlyMap<Address, Probe> = new Map();
  const results = new Map<Address, CheckResult>();
  const heardAt = new Map<Address, number>();
  /** Troubles that somebody was told of: what dies above them later does not take that back. */
  const told = new Set(before.told);
  const pending = new Set<Address>();
  const asking = new Map<Address, Promise<void>>();
  const judging = new Set<Promise<void>>();
  let last: Promise<void> = Promise.resolve();

  const find = (address: string): KnownCheck | undefined => {
    const probe = probes.get(address);
    if (!probe) return undefined;
    const of = (name: string) => `${probe.environment}/check/${name}`;
    return {
      state: results.get(address)?.state,
      parents: probe.properties.parents.map(of),
      dependencies: probe.properties.dependencies.map(({ on, failWhen }) => ({ on: of(on), failWhen })),
    };
  };

  /** What is wrong now with these; what cannot be kept is tried again with the next tick. */
  function settle(addresses: readonly Address[]): Promise<void> {
    for (const address of addresses) pending.add(address);
    last = last.then(async () => {
      const wanted = [...pending];
      if (wanted.length === 0) return;
      try {
        await takeIn(wanted);
      } catch (cause) {
        log(`checks are taken in later: ${cause instanceof Error ? cause.message : String(cause)}`);
        // One that cannot be kept must not hold up the others; while the database is away, none can be.
        if (wanted.length > 1 && !isOutage(cause))
          for (const address of wanted) await takeIn([address]).catch(() => {});
      }
    });
    return last;
  }

  /** All or nothing. */
  async function takeIn(addresses: readonly Address[]): Promise<void> {
    await book.observeMany(new Map(addresses.map((address) => [checkScope(address), conditionsOf(address)])));
    for (const address of addresses) pending.delete(address);
  }

  function conditionsOf(address: Address): Condition[] {
    const [probe, result] = [probes.get(address), results.get(address)];
    if (!probe || !result) return [];
    const held = told.has(address) ? noSuppression : suppressionOf(address, find);
    const condition = checkCondition(probe, result, held);
    if (!condition) told.delete(address);
    else if (held.unreachable.length + held.dependsOn.length === 0) told.add(address);
    return condition ? [condition] : [];
  }

  /** Parents and dependencies anew, each once however many wait for it. */
  async function askFirst(addresses: readonly Address[]): Promise<void> {
    const now = clock.now();
    const above = new Set(addresses.flatMap((address) => askedFirst(address, find)));
    const stale = [...above].flatMap((address) => {
      const probe = probes.get(address);
      return probe && !asking.has(address) && now - (heardAt.get(address) ?? 0) > freshMs ? [probe] : [];
    });
    if (stale.length > 0) {
      const run = runNow(stale)
        .catch((cause) =>
          log(`parents were not asked: ${cause instanceof Error ? cause.message : String(cause)}`),
        )
        .finally(() => {
          for (const { address } of stale) asking.delete(address);
        });
      for (const { address } of stale) asking.set(address, run);
    }
    await Promise.all([...above].map((address) => asking.get(address)));
  }

  const isBad = (address: Address): boolean => {
    const result = results.get(address);
    return result !== undefined && (result.hardState !== "ok" || result.flapping);
  };
  const hasAbove = (address: Address): boolean => {
    const known = find(address);
    return known !== undefined && known.parents.length + known.dependencies.length > 0;
  };

  return {
    declared(now) {
      probes = now;
      for (const known of [results, heardAt])
        for (const address of known.keys()) if (!now.has(address)) known.delete(address);
      for (const address of told) if (!now.has(address)) told.delete(address);
    },
    observe(from, came) {
      const now = clock.now();
      const plain: Address[] = [];
      const below: Address[] = [];
      for (const result of came) {
        const { address } = result;
        if (probes.get(address)?.host !== from) continue;
        const wasBad = isBad(address);
        results.set(address, result);
        heardAt.set(address, now);
        if (!isBad(address) && !wasBad && !pending.has(address)) {
          // Its parents are looked at while it is still soft: once it is hard, they are known.
          if (result.state !== "ok" && hasAbove(address)) void askFirst([address]);
          continue;
        }
        if (isBad(address) && !told.has(address) && hasAbove(address)) below.push(address);
        else plain.push(address);
      }
      if (plain.length > 0) void settle(plain);
      if (below.length === 0) return;
      const judged: Promise<void> = askFirst(below)
        .then(() => settle(below))
        .finally(() => judging.delete(judged));
      judging.add(judged);
    },
    async tick() {
      await settle([...results.keys()].filter((address) => isBad(address) && !told.has(address)));
    },
    views: () =>
      [...probes.values()].map((probe) => {
        const { address, name, environment, host, properties } = probe;
        const result = results.get(address);
        const bad = result !== undefined && result.state !== "ok";
        return {
          ...{ address, name, environment, kind: properties.probe.kind, interval: intervalOf(probe) },
          ...(host !== "" && { from: host }),
          ...(result && { result }),
          ...{ attempts: properties.attempts, parents: properties.parents },
          unreachable: bad ? suppressionOf(address, find).unreachable : [],
        };
      }),
    result: (address) => results.get(address),
    suppression: (address) => suppressionOf(address, find),
    async settled() {
      await Promise.all(judging);
      await last;
    },
  };
}

const noSuppression: Suppression = { unreachable: [], dependsOn: [] };

function intervalOf({ properties: { probe, interval } }: Probe): string {
  if (probe.kind === "heartbeat") return probe.every;
  return probe.kind === "passive" ? (probe.freshness ?? "") : interval;
}
