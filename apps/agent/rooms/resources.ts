import type {
  AgentEvent,
  AgentParams,
  HostDesired,
  ResourceReading,
  ResourceReport,
  UndoReading,
} from "@havn/fleet/protocol";
import {
  createMending,
  type Fight,
  isDeclared,
  type ResourceHost,
  type ResourceWatch,
  watchResources,
} from "@havn/infrastructure/host";
import { type Address, type Clock, type Enforcement, findPause, parseDuration, repeat } from "@havn/model";
import type { Log } from "../log.ts";
import { createBook } from "./resources-book.ts";
import { createCounts, type Sample, type Trigger } from "./resources-counts.ts";
import { createMender, echoMs, modeOf } from "./resources-mend.ts";
import { gaugesOf } from "./resources-samples.ts";

/** Applies bundles, and between them finds out whether the host still is as it shall be. */
export interface Resources extends AsyncDisposable {
  read(params: AgentParams<"resources.read">): Promise<ResourceReading[]>;
  facts: ResourceHost["facts"];
  inventory: ResourceHost["inventory"];
  apply(bundle: AgentParams<"bundle.apply">, progress: (value: unknown) => void): Promise<ResourceReport[]>;
  readUndo(question: AgentParams<"undo.read">): Promise<UndoReading[]>;
  applyUndo(bundle: AgentParams<"undo.apply">, progress: (value: unknown) => void): Promise<ResourceReport[]>;
  /** What the host shall be has changed: looks soon. */
  desiredChanged(): void;
  drift(): { readings: ResourceReading[]; checkedAt: number | undefined };
  /** What something else keeps changing back, until it is quiet. */
  fights(): Fight[];
  /** What is counted and measured of all this. */
  samples(): Sample[];
}

/** All is looked at this often: what changes in files and units is seen at once, this is for everything else. */
const driftEveryMs = 60_000;
/** Looking takes at most one part in this many of the time, however much there is to look at. */
const restPerLook = 200;
/** After an apply the wanted state is the old one until the control plane sends the new. */
const quietAfterApplyMs = 30_000;
/** What changes a file often changes it again at once. */
const debounceMs = 100;
/** What is touched all the time is looked at with rests of this many times what looking takes. */
const restPerTouched = 20;
const longestTouchedRestMs = 10_000;
/** How soon the end of a maintenance window is seen. */
const pauseLookMs = 5000;

export function createResources(options: {
  host: ResourceHost;
  clock: Clock;
  log: Log;
  desired(): HostDesired | undefined;
  onChange(): void;
  onEvent(event: AgentEvent): void;
}): Resources {
  const { host, clock, log } = options;
  const stopping = new AbortController();
  const book = createBook(options);
  const counts = createCounts();
  const mending = createMending();
  /** Who is told of a bundle: the one that asked first, and those that asked again after their connection fell. */
  const watchers = new Map<string, Set<(value: unknown) => void>>();
  let wake = new AbortController();
  let quietUntil = 0;
  let applying = 0;
  let watched: HostDesired | undefined;
  let touched = new Set<Address>();
  /** What an own run is about to change; undefined while there is none. */
  let own: ReadonlySet<Address> | undefined;
  let nextFull = 0;
  let isNew = true;
  /** How often somebody wanted everything to be looked at. */
  let asked = 0;
  let touchedNotBefore = 0;
  let timer: NodeJS.Timeout | undefined;

  const mender = createMender({
    ...{
      host,
      clock,
      log,
      book,
      counts,
      mending,
      isStale,
      signal: stopping.signal,
      onFight: options.onChange,
    },
    changing: (addresses) => {
      own = addresses;
    },
  });
  const watch: ResourceWatch = watchResources({ onTouched, log: log.warn });

  function onTouched(addresses: readonly Address[]): void {
    // An apply of the control plane is followed by a look at everything.
    if (applying > 0) return;
    for (const address of addresses) if (!own?.has(address)) touched.add(address);
    if (touched.size > 0)
      timer ??= setTimeout(() => {
        timer = undefined;
        wake.abort();
      }, debounceMs);
  }

  /** Looks at those in `only`, or at all, and mends what may be mended. Gives how long looking took. */
  async function check(
    desired: HostDesired,
    only: ReadonlySet<Address> | undefined,
    trigger: Trigger,
  ): Promise<number> {
    const byAddress = new Map(desired.resources.map((resource) => [resource.address, resource]));
    const wanted = desired.resources.filter(
      (resource) => modeOf(resource, desired) !== "off" && (only?.has(resource.address) ?? true),
    );
    const began = clock.now();
    const found = wanted.length === 0 ? [] : await host.drift({ ...desired, resources: wanted });
    const tookMs = clock.now() - began;
    counts.look(trigger, wanted.length, tookMs);
    // What was wanted while it was read is looked at again.
    if (isStale(desired)) return tookMs;
    const fresh = found.flatMap(({ address }) => (book.has(address) ? [] : (byAddress.get(address) ?? [])));
    const evidence = fresh.length > 0 ? await host.whoChanged(fresh, desired) : undefined;
    const paused = findPause(clock.now(), desired);
    book.settle(found, {
      looked: new Set(wanted.map(({ address }) => address)),
      modeOf: (address) => modeAt(address),
      ...(evidence && { evidence }),
      paused,
    });
    if (paused !== undefined) return tookMs;
    const at = clock.now();
    const due = found
      .map(({ address }) => address)
      .filter((address) => modeAt(address) === "enforce" && mending.mayMend(address, at));
    if (due.length > 0 && !isStale(desired)) await mender.mend(desired, new Set(due), trigger);
    return tookMs;

    function modeAt(address: Address): Enforcement {
      const resource = byAddress.get(address);
      return resource ? modeOf(resource, desired) : "off";
    }
  }

  function isStale(desired: HostDesired): boolean {
    return (
      options.desired() !== desired || clock.now() < quietUntil || applying > 0 || stopping.signal.aborted
    );
  }

  /** Gives how long to rest, unless something happens. */
  async function round(): Promise<number> {
    const desired = options.desired();
    const now = clock.now();
    if (applying > 0 || now < quietUntil) return Math.max(quietUntil - now, 1000);
    if (!desired) return driftEveryMs;
    if (desired !== watched) take(desired);
    if (now >= nextFull) {
      const trigger = isNew ? "change" : "interval";
      isNew = false;
      touched = new Set();
      const before = asked;
      let tookMs = 0;
      try {
        tookMs = await check(desired, undefined, trigger);
      } finally {
        nextFull =
          isStale(desired) || asked !== before
            ? 0
            : clock.now() + Math.max(everyMs(desired), tookMs * restPerLook);
      }
    } else if (touched.size > 0 && now >= touchedNotBefore) {
      const these = touched;
      touched = new Set();
      const tookMs = await check(desired, these, "watch");
      touchedNotBefore = clock.now() + Math.min(longestTouchedRestMs, tookMs * restPerTouched);
    }
    return restAfter(desired);
  }

  function restAfter(desired: HostDesired): number {
    const now = clock.now();
    const held = book
      .addresses()
      .filter((address) =>
        desired.resources.some((one) => one.address === address && modeOf(one, desired) === "enforce"),
      );
    const paused = findPause(now, desired) !== undefined;
    const retryAt = mending.next(held, now);
    // What waits for the end of a pause, or for a new try, is looked at when its time has come.
    if (!paused) for (const address of held) if (mending.mayMend(address, now)) touched.add(address);
    const times = [
      nextFull,
      ...(touched.size > 0 ? [Math.max(touchedNotBefore, now + debounceMs)] : []),
      ...(retryAt === undefined ? [] : [retryAt]),
      ...(paused && held.length > 0 ? [now + pauseLookMs] : []),
    ];
    return Math.max(10, Math.min(...times, now + driftEveryMs) - now);
  }

  /** From now on this is what the host shall be. */
  function take(desired: HostDesired): void {
    watched = desired;
    const looked = desired.resources.filter((resource) => modeOf(resource, desired) !== "off");
    const addresses = new Set(looked.map(({ address }) => address));
    book.keepOnly(addresses);
    mending.keepOnly(addresses);
    watch.set(looked);
    if (looked.length === 0) book.checked();
    nextFull = 0;
    isNew = true;
  }

  const looking = repeat(
    async () => {
      // Before the check: what changes while it runs is looked at right after.
      wake = new AbortController();
      const restMs = await round().catch((error) => {
        log.warn(`drift was not checked: ${error}`);
        return driftEveryMs / 4;
      });
      await clock.sleep(restMs, AbortSignal.any([wake.signal, stopping.signal]));
    },
    { clock, interval: 0, signal: stopping.signal },
  );

  return {
    facts: host.facts,
    inventory: host.inventory,
    read: ({ resources, secrets, ...further }) => host.read(resources, secrets, further),
    apply: (bundle, progress) =>
      underWay(bundle.bundleId, progress, async (tellAll) => {
        const reports = await host.apply(bundle, tellAll);
        mended(reports);
        return reports;
      }).finally(() => {
        // What was declared before stays so: what is changed by hand from now on is drift at once.
        const declared = options.desired()?.resources ?? [];
        if (bundle.remove.length === 0 && isDeclared(bundle.resources, declared)) quietUntil = 0;
        wake.abort();
      }),
    readUndo: ({ applyId, addresses, secretValues: hidden = [] }) =>
      host.readUndo({ applyId, addresses, hidden }),
    applyUndo: ({ bundleId, applyId, addresses, secretValues: hidden = [] }, progress) =>
      underWay(bundleId, progress, (tellAll) =>
        host.applyUndo({ bundleId, applyId, addresses, hidden }, tellAll),
      ),
    desiredChanged() {
      quietUntil = 0;
      nextFull = 0;
      asked += 1;
      wake.abort();
    },
    fights: () => mending.fights(clock.now(), book.has),
    drift: () => ({ readings: book.readings(), checkedAt: book.checkedAt() }),
    samples: () => [
      ...counts.samples(),
      ...gaugesOf({ desired: options.desired(), book, mending, watch, now: clock.now() }),
    ],
    async [Symbol.asyncDispose]() {
      stopping.abort();
      clearTimeout(timer);
      watch[Symbol.dispose]();
      await looking;
      await book.told();
    },
  };

  /** While a bundle is under way, everybody who asked for it hears of it, and nothing is looked at. */
  async function underWay(
    bundleId: string,
    progress: (value: unknown) => void,
    work: (tellAll: (state: unknown) => void) => Promise<ResourceReport[]>,
  ): Promise<ResourceReport[]> {
    const told = watchers.get(bundleId) ?? new Set();
    const isFirst = told.size === 0;
    watchers.set(bundleId, told.add(progress));
    applying += 1;
    const began = clock.now();
    try {
      const reports = await work((state) => {
        for (const tellOne of told) tellOne(state);
      });
      if (isFirst) counts.run("apply", reports, clock.now() - began);
      await clock.sleep(echoMs, stopping.signal);
      return reports;
    } finally {
      applying -= 1;
      told.delete(progress);
      if (told.size === 0) watchers.delete(bundleId);
      quietUntil = clock.now() + quietAfterApplyMs;
      nextFull = 0;
    }
  }

  /** What an apply has just made true is no drift, without waiting for the next look. */
  function mended(reports: readonly ResourceReport[]): void {
    const done = reports.filter(({ state }) => state === "changed" || state === "unchanged");
    for (const { address } of done) mending.forget(address);
    const looked = new Set(done.map(({ address }) => address).filter((address) => book.has(address)));
    if (looked.size > 0) book.settle([], { looked, modeOf: () => "noop" });
  }
}

const everyMs = ({ driftInterval }: HostDesired): number =>
  driftInterval ? parseDuration(driftInterval) : driftEveryMs;
