import { createHash } from "node:crypto";
import { type Labels, labelsKey } from "@havn/model";
import { isResolved, type RoutedAlert } from "./alert.ts";
import { covers } from "./intervals.ts";
import { type NotifyReason, needsTelling, type PendingNotification, type Told } from "./notify.ts";
import { groupKey, groupLabels, type Route, type RouteNode, routesOf } from "./tree.ts";

export interface NotifiedAlert {
  fingerprint: string;
  state: "firing" | "resolved";
  labels: Labels;
  annotations: Labels;
  startsAt: number;
  endsAt?: number | undefined;
  generatorUrl: string;
}

/** One telling of a group to a receiver. */
export interface Notification {
  /** The same telling has the same id, also after a crash: whoever takes it in counts it once. */
  id: string;
  receiver: string;
  /** Stays the same over all tellings of the group. */
  group: string;
  groupLabels: Labels;
  reason: NotifyReason;
  at: number;
  alerts: NotifiedAlert[];
}

export interface Group {
  id: string;
  route: Route;
  labels: Labels;
  alerts: Map<string, RoutedAlert>;
  flushedOnce: boolean;
  nextFlush: number;
  /** Fingerprints of alerts that were held when it was looked at last: told as soon as nothing holds them. */
  held: ReadonlySet<string>;
}

/** What a flush comes to. `told` is recorded once the notification was taken in. */
export interface Flush {
  notification?: Notification;
  told?: Told;
}

/** The groups that alerts fall into, and when each is looked at (Alertmanager, dispatch.go). Pure but for its own memory. */
export interface Groups {
  insert(root: RouteNode, alert: RoutedAlert, now: number): void;
  /** In order of their time. */
  due(now: number): Group[];
  /** Of the earliest group; undefined without any. */
  nextFlush(): number | undefined;
  /** The group was looked at: what was resolved then is forgotten, unless it has changed since. */
  flushed(group: Group, seen: ReadonlyMap<string, RoutedAlert>, now: number): void;
  list(): Group[];
  /** For another tree: every group is made anew. */
  clear(): void;
}

export function createGroups(): Groups {
  const groups = new Map<string, Group>();
  return {
    insert(root, alert, now) {
      for (const route of routesOf(root, alert.labels)) {
        if (route.receiver === "") continue;
        const labels = groupLabels(route, alert.labels);
        const key = groupKey(route, labels);
        let group = groups.get(key);
        if (!group) {
          const id = createHash("sha256").update(`${route.receiver}\n${key}`).digest("hex").slice(0, 32);
          const nextFlush = now + route.groupWait;
          group = { id, route, labels, alerts: new Map(), flushedOnce: false, nextFlush, held: new Set() };
          groups.set(key, group);
        }
        group.alerts.set(alert.fingerprint, alert);
        // It has waited long enough elsewhere, for example while Havn was down.
        if (!group.flushedOnce && alert.startsAt + route.groupWait < now) group.nextFlush = now;
      }
    },
    due: (now) =>
      [...groups.values()]
        .filter(({ nextFlush }) => nextFlush <= now)
        .sort((left, right) => left.nextFlush - right.nextFlush),
    nextFlush() {
      let earliest: number | undefined;
      for (const { nextFlush } of groups.values())
        if (earliest === undefined || nextFlush < earliest) earliest = nextFlush;
      return earliest;
    },
    flushed(group, seen, now) {
      for (const [fingerprint, alert] of seen)
        if (isResolved(alert, now) && group.alerts.get(fingerprint) === alert)
          group.alerts.delete(fingerprint);
      group.flushedOnce = true;
      group.nextFlush = now + group.route.groupInterval;
      if (group.alerts.size === 0) for (const [key, known] of groups) if (known === group) groups.delete(key);
    },
    list: () => [...groups.values()],
    clear: () => groups.clear(),
  };
}

export interface FlushInput {
  group: Group;
  alerts: readonly RoutedAlert[];
  before: Told | undefined;
  now: number;
  /** Whether an alert is held back, by a silence or another alert. */
  isHeldBack(alert: RoutedAlert): boolean;
}

/** What a group tells now: nothing while its route is muted, nor about what is held back. */
export function flush({ group, alerts, before, now, isHeldBack }: FlushInput): Flush {
  const { route } = group;
  if (route.activeIn.length > 0 && !route.activeIn.some((interval) => covers(interval, now))) return {};
  if (route.muteIn.some((interval) => covers(interval, now))) return {};
  const heard = alerts.filter((alert) => !isHeldBack(alert));
  if (heard.length === 0) return {};
  const resolved = heard.filter((alert) => isResolved(alert, now)).map(({ fingerprint }) => fingerprint);
  const firing = heard.filter((alert) => !isResolved(alert, now)).map(({ fingerprint }) => fingerprint);
  const reason = needsTelling(before, { firing, resolved, at: now }, route);
  if (!reason) return {};
  const sequence = (before?.sequence ?? 0) + 1;
  return {
    told: { at: now, sequence, firing, resolved },
    notification: {
      // What was told of a group is forgotten some time after its end, and counted anew: the time tells them apart.
      id: `${group.id}-${now}-${sequence}`,
      receiver: route.receiver,
      group: group.id,
      groupLabels: group.labels,
      reason,
      at: now,
      alerts: inOrder(heard.map((alert) => notified(alert, now))),
    },
  };
}

/**
 * A notification that was kept and may have been taken in, or not, made again of what is known of its alerts now. It says
 * of each what it said: what has changed since then differs from what is known as told, and is told next.
 */
export function remade(
  pending: PendingNotification,
  { firing, resolved }: Pick<Told, "firing" | "resolved">,
  find: (fingerprint: string) => RoutedAlert | undefined,
): Notification {
  const known = (fingerprints: readonly string[]) =>
    fingerprints.flatMap((fingerprint) => find(fingerprint) ?? []);
  const alerts = pending.alerts ?? [
    ...known(firing).map((alert) => notifiedAs(alert, "firing")),
    ...known(resolved).map((alert) => notifiedAs(alert, "resolved")),
  ];
  return { ...pending, alerts: inOrder(alerts) };
}

function inOrder(alerts: readonly NotifiedAlert[]): NotifiedAlert[] {
  return alerts
    .map((alert) => ({ key: labelsKey(alert.labels), alert }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ alert }) => alert);
}

const notified = (alert: RoutedAlert, now: number): NotifiedAlert =>
  notifiedAs(alert, isResolved(alert, now) ? "resolved" : "firing");

const notifiedAs = (alert: RoutedAlert, state: NotifiedAlert["state"]): NotifiedAlert => {
  const { fingerprint, labels, annotations, startsAt, endsAt, generatorUrl } = alert;
  return {
    ...{ fingerprint, labels, annotations, startsAt, generatorUrl, state },
    ...(state === "resolved" && { endsAt }),
  };
};
