import type { RoutingStore } from "@havn/alerting/testing";
import type { Attempt, Incident, Ledger, Notice, Page } from "@havn/response/testing";
import type { Connection } from "./world.ts";

type Told = Parameters<RoutingStore["putTold"]>[0][number][1];
type Received = Parameters<RoutingStore["putReceived"]>[0][number];

/** All that a control plane has committed, and so all that its successor finds. Rows are replaced, never changed. */
export interface Disk {
  tables: Tables;
  /** Another one after each statement: a transaction that others got in between is done again. */
  version: number;
  told: Map<string, Told>;
  received: Map<string, Received>;
  routes: Awaited<ReturnType<RoutingStore["listRoutes"]>>;
  /** By workflow. */
  steps: Map<string, Map<string, unknown>>;
  workflows: Map<string, { name: string; input: unknown; ended: boolean }>;
}

interface Tables {
  taken: Set<string>;
  incidents: Map<number, Incident>;
  pages: Map<string, Page>;
  notices: Map<string, Notice & { state: string }>;
  attempts: Map<string, Attempt>;
  used: Set<string>;
}

export const emptyDisk = (routes: Disk["routes"]): Disk => ({
  tables: {
    ...{ taken: new Set(), incidents: new Map(), pages: new Map(), notices: new Map() },
    ...{ attempts: new Map(), used: new Set() },
  },
  version: 0,
  ...{ told: new Map(), received: new Map(), routes, steps: new Map(), workflows: new Map() },
});

const copyOf = (tables: Tables): Tables => ({
  taken: new Set(tables.taken),
  incidents: new Map(tables.incidents),
  pages: new Map(tables.pages),
  notices: new Map(tables.notices),
  attempts: new Map(tables.attempts),
  used: new Set(tables.used),
});

/** The ledger of response, on this disk. As in its SQL: a second insert of the same key changes nothing, or fails. */
export function diskLedger(disk: Disk, connection: Connection): Ledger {
  // One transaction at a time, as row locks would have it; one that is cut off leaves no lock behind.
  return {
    ...statements(() => {
      disk.version += 1;
      return disk.tables;
    }, connection),
    async begin(work) {
      await connection.check();
      const before = disk.version;
      const own = copyOf(disk.tables);
      const result = await work({
        ...statements(() => own, connection),
        begin: () => {
          throw new Error("a transaction inside of another");
        },
      });
      await connection.check();
      if (disk.version === before) {
        disk.version += 1;
        disk.tables = own;
        return result;
      }
      // Somebody else committed meanwhile: as after a serialization failure, all of it again.
      return this.begin(work);
    },
  };
}

function statements(tables: () => Tables, { check }: Connection): Omit<Ledger, "begin"> {
  /** One statement outside of a transaction commits by itself. */
  const change = async <T>(work: (now: Tables) => T): Promise<T> => {
    await check();
    return work(tables());
  };
  const put = <K, V extends object>(
    table: (now: Tables) => Map<K, V>,
    key: K,
    more: (row: V) => Partial<NoInfer<V>> | undefined,
  ) =>
    change((now) => {
      const row = table(now).get(key);
      const fields = row && more(row);
      if (row && fields) table(now).set(key, { ...row, ...fields });
      return row !== undefined && fields !== undefined;
    });
  const incidents = (now: Tables) => now.incidents;
  const pages = (now: Tables) => now.pages;
  return {
    take: (all) =>
      change(({ taken }) => {
        const fresh = new Set(all.map(({ id }) => id).filter((id) => !taken.has(id)));
        for (const id of fresh) taken.add(id);
        return fresh;
      }),
    findOpenIncident: (key) =>
      change((now) => [...now.incidents.values()].find((one) => one.key === key && one.state !== "resolved")),
    findIncident: (id) => change((now) => now.incidents.get(id)),
    insertIncident: (one) =>
      change((now) => {
        if ([...now.incidents.values()].some(({ key, state }) => key === one.key && state !== "resolved"))
          throw new Error("one_open_incident");
        const incident: Incident = {
          ...{
            ...one,
            id: now.incidents.size + 1,
            state: "open",
            status: "investigating",
            roles: {},
            public: false,
          },
          ...{ services: [], acknowledgedAt: null, mitigatedAt: null, resolvedAt: null, resolvedBy: null },
        };
        now.incidents.set(incident.id, incident);
        return incident;
      }),
    updateIncidentAlerts: (id, alerts) => put(incidents, id, () => ({ alerts })),
    acknowledgeIncident: (id, at) =>
      put(incidents, id, (row) =>
        row.state === "open"
          ? { state: "acknowledged" as const, acknowledgedAt: row.acknowledgedAt ?? at }
          : undefined,
      ),
    reopenIncident: (id) =>
      put(incidents, id, (row) => (row.state === "acknowledged" ? { state: "open" as const } : undefined)),
    async resolveIncident(id, by, at) {
      await change((now) => {
        for (const page of now.pages.values())
          if (page.incident === id && page.state !== "resolved")
            now.pages.set(page.id, { ...page, state: "resolved" });
      });
      return put(incidents, id, (row) =>
        row.state === "resolved"
          ? undefined
          : { state: "resolved" as const, status: "resolved" as const, resolvedAt: at, resolvedBy: by },
      );
    },
    insertPage: (page) =>
      change((now) => {
        if (now.pages.has(page.id)) return;
        const fresh = { state: "open" as const, round: 0, level: 0, askedAt: null, acknowledgedUntil: null };
        now.pages.set(page.id, { ...page, ...fresh, acknowledgedBy: null, acknowledgedAt: null });
      }),
    findPage: (id) => change((now) => now.pages.get(id)),
    listPages: (incident) =>
      change((now) => [...now.pages.values()].filter((page) => page.incident === incident)),
    listUnresolvedPages: () =>
      change((now) => [...now.pages.values()].filter(({ state }) => state !== "resolved")),
    askLevel: (id, { round, level, at }) =>
      put(pages, id, () => ({ state: "open" as const, round, level, askedAt: at, acknowledgedUntil: null })),
    acknowledgePage: (id, { by, at, until }) =>
      put(pages, id, (row) =>
        row.state === "resolved"
          ? undefined
          : {
              state: "acknowledged" as const,
              acknowledgedBy: by,
              acknowledgedAt: at,
              acknowledgedUntil: until,
            },
      ),
    isAsked: (id, round) =>
      change((now) => {
        const page = now.pages.get(id);
        return page?.state === "open" && page.round === round;
      }),
    useToken: (token) => change(({ used }) => !used.has(token) && Boolean(used.add(token))),
    isUsed: (token) => change(({ used }) => used.has(token)),
    markAttempts: (column, { page, person, round, at }) =>
      change((now) => {
        const field = column === "opened_at" ? "openedAt" : "acknowledgedAt";
        for (const one of now.attempts.values())
          if (one.about === page && one.person === person && one.round === round)
            now.attempts.set(one.id, { ...one, [field]: one[field] ?? at });
      }),
    insertAttempts: (all) =>
      change((now) => {
        for (const one of all) if (!now.attempts.has(one.id)) now.attempts.set(one.id, { ...one, ...begun });
      }),
    beginAttempt: (one) =>
      change((now) => {
        const known = now.attempts.get(one.id);
        if (!known) now.attempts.set(one.id, { ...one, ...begun });
        if (!known || (known.acceptedAt === null && known.failure === null)) return undefined;
        return known.acceptedAt === null ? "failed" : "accepted";
      }),
    endAttempts: (all) =>
      change((now) => {
        for (const { id, ...end } of all) {
          const row = now.attempts.get(id);
          if (row) now.attempts.set(id, { ...row, ...end });
        }
      }),
    insertNotices: (all) =>
      change((now) => {
        for (const one of all)
          if (!now.notices.has(one.id)) now.notices.set(one.id, { ...one, state: "open" });
      }),
    findNotice: (id) => change((now) => now.notices.get(id)),
    listOpenNotices: () =>
      change((now) => [...now.notices.values()].filter(({ state }) => state === "open").map(({ id }) => id)),
    isOvertaken: (id) =>
      change((now) => {
        const own = now.notices.get(id);
        return [...now.notices.values()].some(
          ({ message, channel }) =>
            own !== undefined &&
            message.about === own.message.about &&
            message.at > own.message.at &&
            JSON.stringify(channel) === JSON.stringify(own.channel),
        );
      }),
    endNotices: (ids, state) =>
      change((now) => {
        for (const id of ids) {
          const row = now.notices.get(id);
          if (row) now.notices.set(id, { ...row, state });
        }
      }),
  };
}

const begun = { acceptedAt: null, openedAt: null, acknowledgedAt: null, failure: null, detail: null };

/** The tables of routing, on this disk. */
export function diskRouting(disk: Disk, { check }: Connection): RoutingStore {
  return {
    listRoutes: async () => disk.routes,
    listSilences: async () => [],
    putSilence: check,
    deleteSilencesBefore: check,
    async listTold() {
      await check();
      return [...disk.told];
    },
    async putTold(entries) {
      await check();
      for (const [id, told] of entries) disk.told.set(id, told);
    },
    async deleteTold(ids) {
      await check();
      for (const id of ids) disk.told.delete(id);
    },
    async listReceived() {
      await check();
      return [...disk.received.values()];
    },
    async putReceived(alerts) {
      await check();
      for (const alert of alerts) disk.received.set(alert.fingerprint, alert);
    },
    async deleteReceived(fingerprints) {
      await check();
      for (const fingerprint of fingerprints) disk.received.delete(fingerprint);
    },
  };
}
