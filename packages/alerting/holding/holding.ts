import {
  type Clock,
  type Expectations,
  type KnownMaintenance,
  type Labels,
  parseAddress,
  type Resource,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { RoutedAlert } from "../routing/alert.ts";
import type { Probe } from "../store.ts";
import {
  expectedMute,
  type Hold,
  isCovered,
  type KeptExpected,
  type Mute,
  maintenanceMute,
} from "./mutes.ts";
import { deleteExpectedBefore, listExpected, putExpected } from "./store.ts";
import { behindOf, type Topology, topologyOf } from "./topology.ts";

export interface HoldingOptions {
  sql: Sql;
  clock: Clock;
  /** All that is known, open or not. */
  maintenance(): Promise<readonly KnownMaintenance[]>;
  /** What was applied last, of all environments. */
  graphs(): Promise<readonly { resources: readonly Resource[] }[]>;
  probes(): Iterable<Probe>;
  /** Whether a rule of that name asks only whether something is there and well. */
  isPresence(environment: string, alertname: string): boolean;
  /** What is held may be another now. */
  onChange(): void;
  log(message: string): void;
}

/** Says of an alert that fires why it is held; nothing where it is told. */
export type HoldsOf = (alert: RoutedAlert) => Hold[];

interface HoldContext {
  /** Whether something else (a silence, another alert) holds an alert back. */
  isQuiet(alert: RoutedAlert): boolean;
  now: number;
}

/** What is shown and not told: what lies in maintenance, what Havn itself causes, what lies behind another failure. */
export interface Holding extends Expectations {
  /** For these that fire, all of them. Each is looked at when it is asked for: they may be a hundred thousand. */
  holdsOf(firing: readonly RoutedAlert[], context: HoldContext): HoldsOf;
  /** Only what lies behind another failure, by what stands on what now: the rest is another at another time. */
  behindOf(firing: readonly RoutedAlert[], context: HoldContext): HoldsOf;
  /** The maintenance in which something with these labels lies now. */
  maintenanceOf(labels: Labels, now: number): Hold | undefined;
  /** Maintenance or graphs have changed. Does not throw: what was known holds until it can be read. */
  refresh(): Promise<void>;
}

/** So long after its end its alerts are still held: whoever looks for them must have looked anew. */
const graceMs = 30_000;

export async function openHolding(options: HoldingOptions): Promise<Holding> {
  const { sql, clock, log } = options;
  const expected = new Map((await listExpected(sql)).map((one) => [one.id, one]));
  let known: readonly KnownMaintenance[] = [];
  let topology: Topology = topologyOf([]);
  let minute: { at: number; mutes: Mute[] } | undefined;

  const put = async (one: KeptExpected): Promise<void> => {
    expected.set(one.id, one);
    await putExpected(sql, one).catch((cause) => log(`${one.reason} is held in memory only: ${cause}`));
  };

  /** Windows open at whole minutes. */
  function maintenanceNow(now: number): Mute[] {
    const at = Math.floor(now / 60_000);
    if (minute?.at !== at) minute = { at, mutes: known.flatMap((one) => maintenanceMute(one, now) ?? []) };
    return minute.mutes.filter(({ hold }) => hold.until === undefined || hold.until > now);
  }

  const isPresence = ({ env = "", alertname = "" }: Labels): boolean =>
    alertname === "instance not healthy" || options.isPresence(env, alertname);

  return {
    holdsOf(firing, { isQuiet, now }) {
      const mutes = [
        ...maintenanceNow(now),
        ...[...expected.values()]
          .filter(({ until }) => until > now)
          .map((one) => expectedMute(one, options.probes())),
      ];
      const ownOf = ({ labels }: RoutedAlert): Hold[] =>
        mutes
          .filter((mute) => isCovered(mute, labels) && (!mute.presenceOnly || isPresence(labels)))
          .map(({ hold }) => hold);
      const behind = holdsBehind(topology, firing, (alert) => isQuiet(alert) || ownOf(alert).length > 0);
      return (alert) => {
        const own = ownOf(alert);
        return own.length > 0 ? [...own, ...behind.ofCheck(alert)] : behind.of(alert);
      };
    },
    behindOf: (firing, { isQuiet }) => holdsBehind(topology, firing, isQuiet).of,
    maintenanceOf: (labels, now) => maintenanceNow(now).find((mute) => isCovered(mute, labels))?.hold,
    async expect({ forMs, ...one }) {
      await put({ ...one, forMs, until: clock.now() + forMs });
      options.onChange();
    },
    async over(idPrefix, { failed }) {
      const now = clock.now();
      for (const one of expected.values())
        if (one.id.startsWith(idPrefix) && one.until > now)
          await put({ ...one, until: failed ? now : Math.min(one.until, now + graceMs) });
      options.onChange();
    },
    async refresh() {
      try {
        const [maintenance, graphs] = await Promise.all([options.maintenance(), options.graphs()]);
        known = maintenance;
        topology = topologyOf(graphs.flatMap(({ resources }) => resources));
        minute = undefined;
        const now = clock.now();
        for (const { id, until } of expected.values()) if (until < now) expected.delete(id);
        await deleteExpectedBefore(sql, now);
        options.onChange();
      } catch (cause) {
        log(`what is held is not known anew: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    },
  };
}

/** What lies behind a failure that is told. */
function holdsBehind(
  topology: Topology,
  firing: readonly RoutedAlert[],
  isQuiet: (alert: RoutedAlert) => boolean,
): { of: HoldsOf; ofCheck: HoldsOf } {
  const behind = behindOf(topology, firing, isQuiet);
  const ofCheck = holdsBehindChecks(firing, isQuiet);
  return {
    ofCheck,
    of: (alert) => [...behind(alert).map(behindHold), ...ofCheck(alert)],
  };
}

const behindHold = (alert: RoutedAlert): Hold => ({
  ...{ kind: "behind", id: alert.fingerprint, reason: `behind ${nameOf(alert)}` },
});

function nameOf({ labels: { alertname = "", host, check, service } }: RoutedAlert): string {
  if (alertname === "host lost") return `host ${host}`;
  if (check !== undefined) return `check ${check}`;
  return service === undefined ? alertname : `${alertname} of ${service}`;
}

/**
 * Checks that their parents or dependencies hold back (see checks/reachability.ts). Where nobody hears of any of those,
 * they explain nothing: it is told.
 */
function holdsBehindChecks(
  firing: readonly RoutedAlert[],
  isQuiet: (alert: RoutedAlert) => boolean,
): HoldsOf {
  let byResource: Map<string, RoutedAlert> | undefined;
  const find = (address: string): RoutedAlert | undefined => {
    byResource ??= new Map(
      firing.flatMap((one) => (one.labels.resource ? [[one.labels.resource, one] as const] : [])),
    );
    return byResource.get(address);
  };
  const isHeard = (address: string): boolean => {
    const alert = find(address);
    return alert === undefined || !isQuiet(alert);
  };
  return ({ behind = [] }) =>
    behind.filter(isHeard).map((address) => ({
      ...{ kind: "behind", id: address, reason: `behind check ${parseAddress(address).name}` },
    }));
}
