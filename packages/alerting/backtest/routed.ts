import { setImmediate as nextTurn } from "node:timers/promises";
import type { Alert, Event } from "@havn/model";
import { type RoutedAlert, routedOf } from "../routing/alert.ts";
import type { Notification } from "../routing/groups.ts";
import { createRouting, type RoutingOptions } from "../routing/index.ts";
import type { Silence } from "../routing/silences.ts";
import type { DeclaredRoute, RoutingStore } from "../routing/store.ts";
import type { Episode } from "./replay.ts";

/** Whom a receiver asks or tells, at a moment. */
export interface Asked {
  /** Kinds of channels that are told. */
  channels: string[];
  /** People on the first level of its escalation, and why each. */
  people: { person: string; because: string }[];
}

export interface Told {
  at: number;
  receiver: string;
  reason: Notification["reason"];
  firing: number;
  resolved: number;
  asked: Asked;
}

/** An alert that was held back for as long as it lasted. */
export interface HeldBack {
  fingerprint: string;
  at: number;
  silencedBy: string[];
  /** Alerts, by a rule of inhibition or since what it stands on had failed. */
  inhibitedBy: string[];
}

export interface RoutedReplay {
  told: Told[];
  heldBack: HeldBack[];
  warnings: string[];
}

export interface RoutedOptions {
  environment: string;
  episodes: readonly Episode[];
  /** Alerts of others at that time, as they stood on the timeline. */
  others: readonly { at: number; alert: RoutedAlert }[];
  routes: readonly DeclaredRoute[];
  silences: readonly Silence[];
  until: number;
  /** What lies behind another failure. */
  behindOf?: RoutingOptions["holdsOf"];
  ask(receiver: string, at: number): Asked | Promise<Asked>;
  signal: AbortSignal;
}

const mostTold = 2000;
const mostTurns = 200_000;

/** Who would have been told when: the very routing of the server, on a clock of its own and with nothing to keep. */
export async function routeEpisodes(options: RoutedOptions): Promise<RoutedReplay> {
  const { episodes, until, signal } = options;
  const inserts = [...options.others, ...episodes.flatMap((one) => insertsOf(one))].sort(
    (left, right) => left.at - right.at,
  );
  const own = new Set(episodes.flatMap((one) => insertsOf(one).map(({ alert }) => alert.fingerprint)));
  const outcome: RoutedReplay = { told: [], heldBack: [], warnings: [] };
  let now = inserts[0]?.at ?? until;
  const notified: Notification[] = [];
  const routing = await createRouting({
    store: memoryStore(options),
    clock: { now: () => now, sleep: async () => undefined },
    deliver: async (notifications) => void notified.push(...notifications),
    log: (message) => void outcome.warnings.push(message),
    ...(options.behindOf && { holdsOf: options.behindOf }),
  });
  let next = 0;
  for (let turn = 0; turn < mostTurns; turn++) {
    signal.throwIfAborted();
    const at = Math.min(
      inserts[next]?.at ?? Number.POSITIVE_INFINITY,
      routing.nextFlush() ?? Number.POSITIVE_INFINITY,
    );
    // What ends just before the end is told within one more group interval: that is not waited for.
    if (at > until || outcome.told.length >= mostTold) break;
    now = Math.max(now, at);
    const here: RoutedAlert[] = [];
    while ((inserts[next]?.at ?? Number.POSITIVE_INFINITY) <= now) {
      const alert = inserts[next++]?.alert;
      if (alert) here.push(alert);
    }
    routing.insert(here);
    await routing.tick();
    if (here.some(({ fingerprint }) => own.has(fingerprint)))
      outcome.heldBack.push(...heldBackNow(routing.statuses(), { own, here, now }));
    for (const one of notified.splice(0)) {
      const ours = one.alerts.filter(({ fingerprint }) => own.has(fingerprint));
      if (ours.length === 0) continue;
      const firing = ours.filter(({ state }) => state === "firing").length;
      const asked = await options.ask(one.receiver, one.at);
      const { receiver, reason } = one;
      outcome.told.push({ at: one.at, receiver, reason, firing, resolved: ours.length - firing, asked });
    }
    if (turn % 500 === 499) await nextTurn();
  }
  if (outcome.told.length >= mostTold)
    outcome.warnings.push(`Only the first ${mostTold} notifications are told.`);
  return outcome;
}

function heldBackNow(
  statuses: ReturnType<Awaited<ReturnType<typeof createRouting>>["statuses"]>,
  { own, here, now }: { own: ReadonlySet<string>; here: readonly RoutedAlert[]; now: number },
): HeldBack[] {
  const fresh = new Set(here.map(({ fingerprint }) => fingerprint));
  return statuses.flatMap(({ alert: { fingerprint }, silencedBy, ...held }) => {
    const inhibitedBy = [...held.inhibitedBy, ...held.heldBy.map(({ id }) => id)];
    if (!own.has(fingerprint) || !fresh.has(fingerprint)) return [];
    return silencedBy.length + inhibitedBy.length > 0
      ? [{ fingerprint, at: now, silencedBy, inhibitedBy }]
      : [];
  });
}

/** Its beginning, and its end where it has one. */
function insertsOf(episode: Episode): { at: number; alert: RoutedAlert }[] {
  const { firingSince, resolvedAt, condition, activeSince } = episode;
  const alert: Alert = { ...condition, state: "firing", activeSince, firingSince };
  const begun = routedOf(alert, firingSince);
  if (!begun) return [];
  const inserts = [{ at: firingSince, alert: begun }];
  if (resolvedAt !== undefined)
    inserts.push({ at: resolvedAt, alert: { ...begun, endsAt: resolvedAt, updatedAt: resolvedAt } });
  return inserts;
}

/** Alerts as they began and ended, of entries of the timeline. Those of the rule itself are left out. */
export function othersOf(
  events: readonly Event[],
  { rule, environment }: { rule: string; environment: string },
): { at: number; alert: RoutedAlert }[] {
  return events.flatMap((event) => {
    const { fingerprint, labels, severity, activeSince, firingSince } = (event.data ?? {}) as Partial<Alert>;
    const name = event.data?.rule;
    if (typeof name !== "string" || name === rule || !fingerprint || !labels || !severity) return [];
    const state = event.kind === "alert.firing" ? ("firing" as const) : ("resolved" as const);
    const began = firingSince ?? event.at;
    const alert: Alert = {
      ...{ fingerprint, rule: name, environment, state, severity, labels, summary: event.summary },
      ...(event.address !== undefined && { address: event.address }),
      ...{ activeSince: activeSince ?? began, firingSince: began },
      ...(state === "resolved" && { resolvedAt: event.at }),
    };
    const routed = routedOf(alert, event.at);
    return routed ? [{ at: event.at, alert: routed }] : [];
  });
}

function memoryStore({ routes, silences }: Pick<RoutedOptions, "routes" | "silences">): RoutingStore {
  const nothing = async () => undefined;
  return {
    listRoutes: async () => [...routes],
    listSilences: async () => [...silences],
    putSilence: nothing,
    deleteSilencesBefore: nothing,
    listTold: async () => [],
    putTold: nothing,
    deleteTold: nothing,
    listReceived: async () => [],
    putReceived: nothing,
    deleteReceived: nothing,
  };
}
