import { randomUUID } from "node:crypto";
import {
  type Clock,
  findPause,
  formatAddress,
  formatDuration,
  formatWindow,
  HavnError,
  type HostProperties,
  type KnownMaintenance,
  type MaintenanceWindow,
  nextOpenings,
  parseAddress,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { ResourceExecutor } from "../executors/executor.ts";
import type { Desired } from "../hosts/desired.ts";
import type { Roster } from "../hosts/roster.ts";
import { createMaintenanceExecutor } from "./executor.ts";
import { declaredKnown, hostKnown, knownOf } from "./known.ts";
import * as store from "./store.ts";
import { recurringOf, tellWindows, type WindowStatus, windowStatus } from "./windows.ts";

export interface MaintenanceStatus extends store.MaintenanceRow {
  /** Names of the hosts on which nothing is mended. */
  hosts: string[];
  /** Of what comes again: when it opens next, or has opened. */
  next: { from: number; until: number }[];
}

/** A declared window that is open now. */
export interface OpenWindow {
  host: string;
  environment: string;
  why: string;
}

export interface NewMaintenance {
  environment: string;
  /** Name of a host; absent: all hosts of the environment. */
  host?: string | undefined;
  /** How long; of what comes again and again, its window says so. */
  forMs?: number | undefined;
  recurring?: MaintenanceWindow | undefined;
  match?: string[] | undefined;
  reason: string;
  actor: string;
  /** A second call with the same id gives what the first one began. */
  id?: string | undefined;
}

/** Times in which agents mend nothing and nobody is told: declared windows, and what somebody begins and ends by hand. */
export interface Maintenance {
  /** Durable, and on its way to the agents, when it resolves. Throws a HavnError for a host or environment that is not there. */
  begin(wanted: NewMaintenance): Promise<MaintenanceStatus>;
  /** All that is known, open or not: what alerting holds back by. */
  known(): Promise<KnownMaintenance[]>;
  /** Type `maintenance`. */
  executor: ResourceExecutor;
  /** What is under way, or comes again. */
  list(): Promise<{ maintenance: MaintenanceStatus[]; windows: OpenWindow[]; declared: WindowStatus[] }>;
  end(id: string): Promise<MaintenanceStatus>;
  /** Tells the agent of a host how drift is dealt with there. */
  setMode(host: string, properties: HostProperties): Promise<void>;
  /** Makes good what a crash left: agents know of what is under way, the timeline of what has ended, opened and closed. */
  settle(): Promise<void>;
  prune(): Promise<void>;
}

const longestMs = 31 * 24 * 3_600_000;
const keptMs = 90 * 24 * 3_600_000;
/** The end of what comes again and again: the last day of the year 9999. */
const noEnd = Date.UTC(9999, 11, 31);
const shownOpenings = 5;

export function createMaintenance(options: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  roster: Roster;
  desired: Desired;
  /** Maintenance was begun, ended, declared or removed. */
  onChange?(): void;
}): Maintenance {
  const { sql, clock, timeline, roster, desired, onChange = () => {} } = options;
  const hostsOf = ({ environment, host }: Pick<store.MaintenanceRow, "environment" | "host">) =>
    roster.hosts().filter((one) => (host === null ? one.environment === environment : one.address === host));
  const statusOf = (row: store.MaintenanceRow): MaintenanceStatus => ({
    ...row,
    hosts: row.match.length > 0 ? [] : hostsOf(row).map(({ name }) => name),
    next: row.recurring ? nextOpenings(row.recurring, clock.now(), shownOpenings) : [],
  });
  const nameOf = ({ environment, host }: store.MaintenanceRow) =>
    host === null ? environment : parseAddress(host).name;

  const recurring = async () =>
    recurringOf({
      begun: await store.listMaintenance(sql, clock.now()),
      declared: await store.listDeclaredMaintenance(sql),
      hosts: roster
        .hosts()
        .map(({ properties, ...host }) => ({ ...host, windows: properties.maintenance ?? [] })),
    });

  /** The agent's own copy: it holds while the control plane is away, and ends by itself. */
  async function tellHost(
    address: string,
    windows = roster.host(address)?.properties.maintenance ?? [],
  ): Promise<void> {
    const { environment } = parseAddress(address);
    const rows = await store.listMaintenance(sql, clock.now());
    const begun = rows.filter(
      (row) =>
        row.match.length === 0 &&
        (row.host === address || (row.host === null && row.environment === environment)),
    );
    const pauses = begun
      .filter(({ recurring }) => recurring === null)
      .map(({ id, from, until, reason, actor }) => ({ id, from, until, reason, actor }));
    const declared = (await store.listDeclaredMaintenance(sql)).filter(
      (one) =>
        one.environment === environment &&
        one.properties.match.length === 0 &&
        (one.properties.of === undefined || one.properties.of.includes(address)),
    );
    await desired.put(address, "windows", [
      ...windows,
      ...declared.flatMap(({ properties: { windows: own, reason } }) =>
        own.map((one) => ({ reason, ...one })),
      ),
      ...begun.flatMap(({ recurring, reason }) => (recurring ? [{ reason, ...recurring }] : [])),
    ]);
    await desired.put(address, "pauses", pauses);
  }

  async function tellHosts(row: store.MaintenanceRow): Promise<void> {
    for (const { address } of hostsOf(row)) await tellHost(address);
  }

  async function tellEnd(row: store.MaintenanceRow, actor: string): Promise<void> {
    await timeline.write({
      kind: "maintenance.ended",
      key: `maintenance.ended:${row.id}`,
      environment: row.environment,
      ...(row.host !== null && { address: row.host, host: row.host }),
      at: Math.min(row.until, clock.now()),
      summary: `Maintenance of ${nameOf(row)} is over: ${row.reason}`,
      data: { id: row.id, reason: row.reason },
      actor,
    });
    await store.markEndTold(sql, row.id);
  }

  function check({ environment, host, forMs = 0, recurring }: NewMaintenance): string | null {
    if (!recurring && !(forMs >= 60_000 && forMs <= longestMs))
      throw new HavnError("Maintenance takes from 1m to 31d", {
        detail:
          'What comes again and again is declared in the configuration, or begun with --rrule. Write for example "2h".',
        status: 400,
      });
    const address = host === undefined ? null : formatAddress({ environment, type: "host", name: host });
    if (hostsOf({ environment, host: address }).length > 0) return address;
    throw new HavnError(
      address === null
        ? `Environment "${environment}" has no host`
        : `There is no host "${host}" in "${environment}"`,
      { detail: "`havn status` shows what there is. Correct the name, or apply it first.", status: 404 },
    );
  }

  return {
    async begin(wanted) {
      const { environment, forMs = 0, reason, actor, id = randomUUID() } = wanted;
      const { recurring = null, match = [] } = wanted;
      const host = check(wanted);
      const now = clock.now();
      await store.insertMaintenance(sql, {
        id,
        environment,
        host,
        from: now,
        until: recurring ? noEnd : now + forMs,
        reason,
        actor,
        recurring,
        match,
      });
      const row = await store.findMaintenance(sql, id);
      if (!row) throw new HavnError(`Maintenance ${id} was not kept`, { retryable: true });
      await timeline.write({
        kind: "maintenance.started",
        key: `maintenance.started:${id}`,
        environment,
        ...(host !== null && { address: host, host }),
        at: row.from,
        summary: `Maintenance of ${nameOf(row)} ${row.recurring ? `at ${formatWindow(row.recurring)}` : `for ${formatDuration(row.until - row.from)}`}: ${row.reason}`,
        data: { id, until: row.until, reason: row.reason },
        actor: row.actor,
      });
      await tellHosts(row);
      onChange();
      return statusOf(row);
    },
    async known() {
      const now = clock.now();
      return [
        ...(await store.listMaintenance(sql, now)).map(knownOf),
        ...(await store.listDeclaredMaintenance(sql)).flatMap(declaredKnown),
        ...roster.hosts().flatMap(hostKnown),
      ];
    },
    executor: createMaintenanceExecutor({
      sql,
      async declared(environment) {
        for (const { address, environment: of } of roster.hosts())
          if (of === environment) await tellHost(address);
        onChange();
      },
    }),
    async list() {
      const now = clock.now();
      const windows = roster.hosts().flatMap(({ name, environment, properties }) => {
        const why = findPause(now, { windows: properties.maintenance ?? [], pauses: [] });
        return why === undefined ? [] : [{ host: name, environment, why }];
      });
      return {
        ...{ maintenance: (await store.listMaintenance(sql, now)).map(statusOf), windows },
        declared: (await recurring()).flatMap((one) => windowStatus(one, now)),
      };
    },
    async end(id) {
      await store.endMaintenance(sql, id, clock.now());
      const row = await store.findMaintenance(sql, id);
      if (!row)
        throw new HavnError(`There is no maintenance ${id}`, {
          detail: "`havn maintenance list` shows what is under way.",
          status: 404,
        });
      await tellHosts(row);
      await tellEnd(row, row.actor);
      onChange();
      return statusOf(row);
    },
    async setMode(host, { mode, driftInterval, maintenance = [] }) {
      await desired.put(host, "mode", mode);
      await desired.put(host, "driftInterval", driftInterval ?? null);
      await tellHost(host, maintenance);
      onChange();
    },
    async settle() {
      const now = clock.now();
      for (const row of await store.listMaintenance(sql, now)) await tellHosts(row);
      for (const row of await store.listEnded(sql, now)) {
        await tellHosts(row);
        await tellEnd(row, "havn");
      }
      await tellWindows(await recurring(), { sql, clock, timeline });
    },
    prune: async () => void (await store.deleteOldMaintenance(sql, clock.now() - keptMs)),
  };
}
