import {
  type Clock,
  formatWindow,
  type MaintenanceWindow,
  nextOpenings,
  openUntil,
  parseAddress,
  parseDuration,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { DeclaredMaintenance, MaintenanceRow } from "./store.ts";
import * as store from "./store.ts";

/** A window that comes again and again, and whose it is. */
export interface Recurring {
  /** Stays the same while the window does. */
  key: string;
  environment: string;
  source: "begun" | "declared" | "host";
  /** What it is called in the configuration; the id of one that somebody began. */
  name: string;
  /** Addresses; null: all of the environment. */
  of: string[] | null;
  match: string[];
  reason: string;
  window: MaintenanceWindow;
}

export interface WindowStatus {
  environment: string;
  source: "declared" | "host";
  name: string;
  of: string[] | null;
  match: string[];
  reason: string;
  /** `"0 2 * * sat" Europe/Oslo`. */
  when: string;
  zone: string;
  for: string;
  /** One that is open already included. */
  next: { from: number; until: number }[];
}

const shownOpenings = 5;

export function windowStatus(one: Recurring, now: number): WindowStatus[] {
  const { key: _, source, window, ...rest } = one;
  if (source === "begun") return [];
  const next = nextOpenings(window, now, shownOpenings);
  return [{ ...rest, source, when: formatWindow(window), zone: window.zone, for: window.for, next }];
}

export function recurringOf(input: {
  begun: readonly MaintenanceRow[];
  declared: readonly DeclaredMaintenance[];
  hosts: readonly {
    address: string;
    environment: string;
    name: string;
    windows: readonly MaintenanceWindow[];
  }[];
}): Recurring[] {
  const keyOf = (id: string, window: MaintenanceWindow) => `${id} ${formatWindow(window)} ${window.for}`;
  return [
    ...input.begun.flatMap(({ id, environment, host, match, reason, recurring }): Recurring[] =>
      recurring
        ? [
            {
              ...{ key: keyOf(id, recurring), environment, source: "begun", name: id, window: recurring },
              ...{ of: host === null ? null : [host], match, reason },
            },
          ]
        : [],
    ),
    ...input.declared.flatMap(({ address, environment, name, properties }) =>
      properties.windows.map(
        (window): Recurring => ({
          ...{ key: keyOf(address, window), environment, source: "declared", name, window },
          ...{
            of: properties.of ?? null,
            match: properties.match,
            reason: window.reason ?? properties.reason,
          },
        }),
      ),
    ),
    ...input.hosts.flatMap(({ address, environment, name, windows }) =>
      windows.map(
        (window): Recurring => ({
          ...{ key: keyOf(address, window), environment, source: "host", name, window },
          ...{ of: [address], match: [], reason: window.reason ?? "a declared window" },
        }),
      ),
    ),
  ];
}

/**
 * Tells the timeline of windows that have opened and closed, each once: what is open is kept, so that a closing is told
 * also where Havn was away when it came, or where the window is no more.
 */
export async function tellWindows(
  windows: readonly Recurring[],
  { sql, clock, timeline }: { sql: Sql; clock: Clock; timeline: Timeline },
): Promise<void> {
  const now = clock.now();
  const known = await store.listOpenings(sql);
  const open = new Map<string, { from: number; until: number }>();
  for (const one of windows) {
    const until = openUntil(one.window, now);
    if (until === undefined) continue;
    const next = { from: until - parseDuration(one.window.for), until };
    open.set(one.key, next);
    if (known.some(({ key, from }) => key === one.key && from === next.from)) continue;
    const summary = `Maintenance window of ${whereOf(one)} is open until ${new Date(next.until).toISOString().slice(0, 16).replace("T", " ")} UTC: ${one.reason}`;
    await timeline.write({
      ...{ kind: "maintenance.opened", key: `maintenance.opened:${one.key}:${next.from}`, at: now, summary },
      ...{ environment: one.environment, data: { ...next, name: one.name, source: one.source } },
      ...hostOf(one),
    });
    const { key, environment, of } = one;
    const title = `Maintenance window of ${whereOf(one)} is closed: ${one.reason}`;
    await store.putOpening(sql, {
      key,
      environment,
      host: of?.length === 1 ? (of[0] ?? null) : null,
      title,
      ...next,
    });
  }
  for (const one of known) {
    if (open.get(one.key)?.from === one.from) continue;
    await timeline.write({
      ...{ kind: "maintenance.closed", key: `maintenance.closed:${one.key}:${one.from}`, summary: one.title },
      ...{ environment: one.environment, at: Math.min(one.until, now), data: { from: one.from } },
      ...(one.host !== null && hostOf({ of: [one.host] })),
    });
    await store.deleteOpening(sql, one);
  }
}

const hostOf = ({ of }: Pick<Recurring, "of">) => {
  const [only] = of?.length === 1 ? of : [];
  return only !== undefined && parseAddress(only).type === "host" ? { address: only, host: only } : {};
};

const whereOf = ({ environment, of, match }: Recurring): string =>
  [of === null ? environment : of.map((one) => parseAddress(one).name).join(", "), ...match].join(" ");
