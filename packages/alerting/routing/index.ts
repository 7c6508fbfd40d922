import { randomUUID } from "node:crypto";
import { type Clock, HavnError, type Labels } from "@havn/model";
import type { Hold } from "../holding/mutes.ts";
import { isResolved, merge, type RoutedAlert } from "./alert.ts";
import { inhibitionOf, treeOf } from "./declared.ts";
import { createGroups, type Flush, flush, type Group, type Notification, remade } from "./groups.ts";
import { inhibitor } from "./inhibit.ts";
import { matchesAll } from "./matchers.ts";
import type { Told } from "./notify.ts";
import { leftOut, type ReceivedAlert, routedFrom } from "./received.ts";
import { type Silence, silencedBy, silenceState } from "./silences.ts";
import type { RoutingStore } from "./store.ts";
import { receiversOf, routesOf } from "./tree.ts";

export interface RoutingOptions {
  store: RoutingStore;
  clock: Clock;
  /**
   * Takes notifications in for good, all or none of them; the same id counts once. Throws where that is not possible now:
   * they come again.
   */
  deliver(notifications: readonly Notification[]): Promise<void>;
  /** Why alerts that fire are shown and not told, beside silences and rules of inhibition: `isQuiet` says those hold one. */
  holdsOf?(firing: readonly RoutedAlert[], context: HoldContext): (alert: RoutedAlert) => Hold[];
  /** A group was not told of these for such a reason. */
  onHeld?(held: readonly { alert: RoutedAlert; holds: readonly Hold[] }[]): void;
  log(message: string): void;
  limits?: { alerts: number; atOnce: number };
}

export interface HoldContext {
  isQuiet(alert: RoutedAlert): boolean;
  now: number;
}

export interface AlertStatus {
  alert: RoutedAlert;
  receivers: string[];
  silencedBy: string[];
  inhibitedBy: string[];
  /** Maintenance, what Havn itself does, and failures that it lies behind. */
  heldBy: Hold[];
}

/** What is told to whom, and when: Alertmanager's semantics over Havn's own alerts and those of others. */
export interface Routing {
  /** Havn's own alerts: durable elsewhere. */
  insert(alerts: readonly RoutedAlert[]): void;
  /**
   * Alerts of others: durable when this resolves. Throws a HavnError: 429 where there are too many, and then none was
   * taken in; 400 where some are wrong, and then all others were.
   */
  receive(alerts: readonly ReceivedAlert[]): Promise<void>;
  /** Looks at every group whose time has come. */
  tick(): Promise<void>;
  /** When the next group is looked at. */
  nextFlush(): number | undefined;
  /** Looks at groups as their times come, until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** What is held may be another now: groups are looked at anew. */
  heldChanged(): void;
  /** Routes were declared, changed or removed. */
  declared(): Promise<void>;
  statuses(): AlertStatus[];
  groups(): { labels: Labels; receiver: string; alerts: AlertStatus[] }[];
  receivers(): string[];
  silences: {
    list(): Silence[];
    find(id: string): Silence | undefined;
    /** A new one, or a change of one that has not expired. What has begun keeps its beginning. */
    put(wanted: WantedSilence): Promise<Silence>;
    expire(id: string): Promise<void>;
    /** Calls `listener` when one was made, changed or ended by hand. Returns how to stop. */
    onChange(listener: () => void): () => void;
  };
}

export interface WantedSilence extends Omit<Silence, "id" | "updatedAt"> {
  id?: string | undefined;
}

const keptMs = 900_000;
/** Alerts that are known at a time, and those of others that are being kept: what is more is refused, and comes again. */
const usualLimits = { alerts: 250_000, atOnce: 50_000 };
const silencesKeptMs = 432_000_000;
const longestSleepMs = 5000;
const retryMs = 1000;
/** Groups that are kept, and handed on, with one statement; and how many alerts at most are in them. */
const keptAtOnce = 200;
const alertsAtOnce = 20_000;

export async function createRouting(options: RoutingOptions): Promise<Routing> {
  const { store, clock, log, limits = usualLimits } = options;
  const alerts = new Map((await store.listReceived()).map((alert) => [alert.fingerprint, alert]));
  const silences = new Map((await store.listSilences()).map((silence) => [silence.id, silence]));
  const told = new Map<string, Told>(await store.listTold());
  const groups = createGroups();
  const silenceListeners = new Set<() => void>();
  let declared = await store.listRoutes();
  let tree = treeOf(declared);
  let wake = new AbortController();
  let receiving = 0;
  let ticking: Promise<void> = Promise.resolve();

  const group = (alert: RoutedAlert) => groups.insert(tree, alert, clock.now());
  for (const alert of alerts.values()) group(alert);

  function insert(added: readonly RoutedAlert[]): void {
    for (const alert of added) {
      const merged = merge(alerts.get(alert.fingerprint), alert);
      alerts.set(alert.fingerprint, merged);
      group(merged);
    }
    wake.abort();
  }

  const heldBack = (now: number) => {
    const firing = [...alerts.values()].filter((alert) => !isResolved(alert, now));
    const inhibition = inhibitor(inhibitionOf(declared), firing);
    const active = [...silences.values()].filter((silence) => silenceState(silence, now) === "active");
    const of = (alert: RoutedAlert) => ({
      silencedBy: silencedBy(active, alert.labels, now),
      inhibitedBy: inhibition.inhibitedBy(alert),
    });
    if (!options.holdsOf) return (alert: RoutedAlert) => ({ ...of(alert), heldBy: [] });
    const holds = options.holdsOf(firing, {
      now,
      isQuiet(alert) {
        const { silencedBy: silent, inhibitedBy } = of(alert);
        return silent.length + inhibitedBy.length > 0;
      },
    });
    return (alert: RoutedAlert) => ({ ...of(alert), heldBy: isResolved(alert, now) ? [] : holds(alert) });
  };

  async function keepSilence(silence: Silence): Promise<void> {
    await store.putSilence(silence);
    silences.set(silence.id, silence);
    for (const listener of silenceListeners) listener();
  }

  async function keepTold(entries: readonly (readonly [id: string, what: Told])[]): Promise<void> {
    if (entries.length > 0) await store.putTold(entries);
    for (const [id, what] of entries) told.set(id, what);
  }

  /**
   * What is told is kept before it is told. Should Havn die in between, it goes out again under the same name, about the
   * same alerts: one that has changed meanwhile would make it another one, which counts as taken in already.
   */
  async function deliverAllPending(): Promise<void> {
    const find = (fingerprint: string) => alerts.get(fingerprint);
    const waiting: [id: string, Notification][] = [];
    const empty: string[] = [];
    for (const [id, { pending, ...what }] of told) {
      if (!pending) continue;
      const notification = remade(pending, what, find);
      // What it can no longer speak of was not told: should it come again, it will be.
      const spoken = new Set(notification.alerts.map(({ fingerprint }) => fingerprint));
      const isSpoken = (fingerprint: string) => spoken.has(fingerprint);
      told.set(id, {
        ...{ ...what, pending },
        ...{ firing: what.firing.filter(isSpoken), resolved: what.resolved.filter(isSpoken) },
      });
      if (spoken.size > 0) waiting.push([id, notification]);
      else empty.push(id);
    }
    for (const id of empty) told.delete(id);
    if (empty.length > 0) await store.deleteTold(empty);
    if (waiting.length > 0) await deliverKept(waiting);
  }

  /** Resolves to the ids of groups whose notification was taken in; says of the others that they are told later. */
  async function deliverKept(kept: readonly (readonly [id: string, Notification])[]): Promise<Set<string>> {
    const accepted = new Set<string>();
    for (const part of portions(kept, ([, { alerts: inside }]) => inside.length)) {
      try {
        await options.deliver(part.map(([, notification]) => notification));
        for (const [id] of part) accepted.add(id);
      } catch (cause) {
        // One that cannot be taken in keeps no other from it.
        if (part.length > 1) {
          for (const one of part) for (const id of await deliverKept([one])) accepted.add(id);
        } else log(`${part[0]?.[1].receiver} is told later: ${messageOf(cause)}`);
      }
    }
    const over = [...accepted].flatMap((id): [string, Told][] => {
      const now = told.get(id);
      return now ? [[id, { ...now, pending: undefined }]] : [];
    });
    await keepTold(over);
    return accepted;
  }

  const postpone = (one: Group, now: number): void => {
    one.nextFlush = now + retryMs;
  };

  function flushOf(due: Group, { held, now }: { held: ReturnType<typeof heldBack>; now: number }): Flush {
    const before = told.get(due.id);
    return flush({
      ...{ group: due, alerts: [...due.alerts.values()], before, now },
      isHeldBack(alert) {
        const { silencedBy: silent, inhibitedBy, heldBy } = held(alert);
        // Nobody hears of the end of what nobody was told of.
        const unheard = due.held.has(alert.fingerprint) && !before?.firing.includes(alert.fingerprint);
        return silent.length + inhibitedBy.length + heldBy.length > 0 || (isResolved(alert, now) && unheard);
      },
    });
  }

  /** What is told as soon as nothing holds it any more. */
  function rememberHeld(due: Group, held: ReturnType<typeof heldBack>): void {
    const holding = [...due.alerts.values()].flatMap((alert) => {
      const { silencedBy: silent, inhibitedBy, heldBy } = held(alert);
      return silent.length + inhibitedBy.length === 0 && heldBy.length > 0 ? [{ alert, holds: heldBy }] : [];
    });
    options.onHeld?.(holding.filter(({ alert }) => !due.held.has(alert.fingerprint)));
    due.held = new Set(holding.map(({ alert }) => alert.fingerprint));
  }

  /** Groups whose time has come: kept together, then handed on together. */
  async function tell(due: readonly Group[], held: ReturnType<typeof heldBack>, now: number): Promise<void> {
    const telling: { group: Group; seen: ReadonlyMap<string, RoutedAlert>; notification: Notification }[] =
      [];
    const wanted: [string, Told][] = [];
    for (const group of due) {
      if (told.get(group.id)?.pending) {
        group.nextFlush = now + retryMs;
        continue;
      }
      const seen = new Map(group.alerts);
      const { notification, told: next } = flushOf(group, { held, now });
      rememberHeld(group, held);
      if (!notification || !next) groups.flushed(group, seen, now);
      else {
        telling.push({ group, seen, notification });
        const { alerts: _, ...pending } = notification;
        wanted.push([group.id, { ...next, pending }]);
      }
    }
    if (telling.length === 0) return;
    let accepted: ReadonlySet<string> = new Set();
    try {
      await keepTold(wanted);
      accepted = await deliverKept(telling.map(({ group: { id }, notification }) => [id, notification]));
    } catch (cause) {
      log(`${telling.length} groups are told later: ${messageOf(cause)}`);
    }
    for (const { group, seen } of telling) {
      if (accepted.has(group.id)) groups.flushed(group, seen, now);
      else postpone(group, now);
    }
  }

  async function tick(): Promise<void> {
    await deliverAllPending();
    const now = clock.now();
    const someHeld = groups.list().filter(({ held: before }) => before.size > 0);
    if (someHeld.length === 0 && groups.due(now).length === 0) return;
    const held = heldBack(now);
    // What nothing holds any more is told now, rather than when the group's time comes.
    for (const one of someHeld)
      if ([...one.held].some((fingerprint) => isFree(one.alerts.get(fingerprint), held, now)))
        one.nextFlush = Math.min(one.nextFlush, now);
    const due = groups.due(now);
    for (const part of portions(due, (one) => one.alerts.size)) await tell(part, held, now);
    await forget(now);
  }

  /** What is long over. Groups that nobody speaks of any more are told anew if they come again. */
  async function forget(now: number): Promise<void> {
    const over = [...alerts.values()].filter(({ endsAt }) => endsAt !== undefined && endsAt < now - keptMs);
    const inGroups = new Set(over.length === 0 ? [] : groups.list().flatMap((one) => [...one.alerts.keys()]));
    const gone = over.filter(({ fingerprint }) => !inGroups.has(fingerprint));
    for (const { fingerprint } of gone) alerts.delete(fingerprint);
    if (gone.length > 0)
      await store.deleteReceived(
        gone.map(({ fingerprint }) => fingerprint),
        now - keptMs,
      );
    const known = new Set(groups.list().map(({ id }) => id));
    const ended = [...told].filter(
      ([id, { at, firing, pending }]) =>
        !known.has(id) && firing.length === 0 && !pending && at < now - keptMs,
    );
    for (const [id] of ended) told.delete(id);
    if (ended.length > 0) await store.deleteTold(ended.map(([id]) => id));
    const old = [...silences.values()].filter(({ endsAt }) => endsAt < now - silencesKeptMs);
    for (const { id } of old) silences.delete(id);
    if (old.length > 0) await store.deleteSilencesBefore(now - silencesKeptMs);
  }

  const isFree = (alert: RoutedAlert | undefined, held: ReturnType<typeof heldBack>, now: number) =>
    alert !== undefined && !isResolved(alert, now) && held(alert).heldBy.length === 0;

  const inTurn = (): Promise<void> => {
    ticking = ticking.then(tick).catch((cause) => log(`routing is tried again: ${cause}`));
    return ticking;
  };

  const receiversFor = (alert: RoutedAlert): string[] =>
    [...new Set(routesOf(tree, alert.labels).map(({ receiver }) => receiver))].filter((name) => name !== "");

  function statusesOf(list: Iterable<RoutedAlert>): AlertStatus[] {
    const now = clock.now();
    const held = heldBack(now);
    return [...list]
      .filter((alert) => !isResolved(alert, now))
      .map((alert) => ({ alert, receivers: receiversFor(alert), ...held(alert) }));
  }

  return {
    insert,
    async receive(received) {
      const now = clock.now();
      const { alerts: routed, faults } = routedFrom(received, now);
      const fresh = routed.filter(({ fingerprint }) => !alerts.has(fingerprint)).length;
      const over = fresh > 0 && alerts.size + fresh > limits.alerts;
      if (over || receiving + routed.length > limits.atOnce) throw tooMany(limits.alerts);
      receiving += routed.length;
      try {
        if (routed.length > 0) await store.putReceived([...byFingerprint(routed).values()]);
      } finally {
        receiving -= routed.length;
      }
      insert(routed);
      if (faults.length > 0) throw leftOut(faults, routed.length);
    },
    tick: inTurn,
    heldChanged: () => wake.abort(),
    nextFlush: groups.nextFlush,
    async start(signal) {
      while (!signal.aborted) {
        wake = new AbortController();
        await inTurn();
        const next = groups.nextFlush() ?? Number.POSITIVE_INFINITY;
        const sleep = Math.min(Math.max(next - clock.now(), 0), longestSleepMs);
        await clock.sleep(sleep, AbortSignal.any([signal, wake.signal]));
      }
    },
    async declared() {
      declared = await store.listRoutes();
      tree = treeOf(declared);
      groups.clear();
      for (const alert of alerts.values()) group(alert);
      wake.abort();
    },
    statuses: () => statusesOf(alerts.values()),
    groups: () =>
      groups.list().map(({ labels, route, alerts: inside }) => ({
        labels,
        receiver: route.receiver,
        alerts: statusesOf(inside.values()),
      })),
    receivers: () => receiversOf(tree),
    silences: {
      list: () => [...silences.values()],
      find: (id) => silences.get(id),
      async put(wanted) {
        const silence = newSilence(wanted, wanted.id ? silences.get(wanted.id) : undefined, clock.now());
        await keepSilence(silence);
        return silence;
      },
      async expire(id) {
        const now = clock.now();
        const silence = silences.get(id);
        if (!silence) throw new HavnError(`There is no silence ${id}`, { status: 404 });
        if (silenceState(silence, now) === "expired")
          throw new HavnError(`Silence ${id} has expired already`, { status: 400 });
        const ended = { ...silence, startsAt: Math.min(silence.startsAt, now), endsAt: now, updatedAt: now };
        await keepSilence(ended);
      },
      onChange(listener) {
        silenceListeners.add(listener);
        return () => silenceListeners.delete(listener);
      },
    },
  };
}

const tooMany = (most: number) =>
  new HavnError("There are too many alerts at a time", {
    detail: `Nothing of this was taken in: send it again. ${most} alerts are the most.`,
    ...{ status: 429, retryable: true, retryAfter: 5 },
  });

/** A change of what has begun is a new silence, and the old one ends there: what was muted stays on record. */
function newSilence(wanted: WantedSilence, known: Silence | undefined, now: number): Silence {
  if (wanted.id !== undefined && !known)
    throw new HavnError(`There is no silence ${wanted.id}`, { status: 404 });
  if (wanted.endsAt <= wanted.startsAt || wanted.endsAt <= now)
    throw new HavnError("A silence must end after it begins, and later than now", { status: 400 });
  if (wanted.matchers.length === 0 || wanted.matchers.every((one) => matchesAll([one], {})))
    throw new HavnError("A silence needs a matcher that does not match the empty text", {
      status: 400,
      detail: 'Otherwise it would mute everything. Write for example service="shop".',
    });
  const going = known && silenceState(known, now) !== "expired" ? known : undefined;
  return {
    ...wanted,
    id: going?.id ?? randomUUID(),
    startsAt: going ? Math.min(going.startsAt, wanted.startsAt) : Math.max(wanted.startsAt, now),
    updatedAt: now,
  };
}

/** Parts of a list, in order, that one statement and one transaction take well. */
function* portions<T>(all: readonly T[], alertsOf: (one: T) => number): Generator<T[]> {
  let [part, alerts]: [T[], number] = [[], 0];
  for (const one of all) {
    const own = alertsOf(one);
    if (part.length > 0 && (part.length === keptAtOnce || alerts + own > alertsAtOnce)) {
      yield part;
      [part, alerts] = [[], 0];
    }
    part.push(one);
    alerts += own;
  }
  if (part.length > 0) yield part;
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

const byFingerprint = (alerts: readonly RoutedAlert[]) =>
  new Map(alerts.map((alert) => [alert.fingerprint, alert]));
