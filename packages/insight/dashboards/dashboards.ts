import {
  type Clock,
  type Dashboard,
  type DashboardProperties,
  type DashboardSummary,
  type DashboardVersion,
  formatAddress,
  HavnError,
  storable,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { declared, discarded, edited, type Sides, same, shownOf, stateOf, undeclared } from "./decide.ts";
import * as store from "./store.ts";

export type DashboardKey = store.DashboardKey;

export interface Edit {
  content: DashboardProperties;
  actor: string;
  /** The revision that the edit began with; undefined: it must be new. */
  revision: number | undefined;
  /** Whoever edits has seen what the configuration says, and keeps this beside it. */
  settled?: boolean | undefined;
  what?: "edited" | "imported" | undefined;
}

export interface Dashboards {
  list(environment?: string): Promise<DashboardSummary[]>;
  find(key: DashboardKey): Promise<Dashboard | undefined>;
  /** Throws a HavnError: 404. */
  get(key: DashboardKey): Promise<Dashboard>;
  /** Durable once it resolves. Throws a HavnError (409) where somebody else changed it since `revision`. */
  edit(key: DashboardKey, edit: Edit): Promise<Dashboard>;
  /** Takes back what the page made of a declared one (gives that), or removes one that nothing declares. */
  discard(key: DashboardKey, given: { actor: string; revision: number }): Promise<Dashboard | undefined>;
  history(key: DashboardKey): Promise<DashboardVersion[]>;
  /** Throws a HavnError: 404. */
  version(key: DashboardKey, revision: number): Promise<DashboardProperties>;
  /** Makes an old version the newest. Also of one that was removed. */
  restore(key: DashboardKey, given: { actor: string; revision: number }): Promise<Dashboard>;
  /** What the configuration declares from now on; undefined: nothing any more. */
  declare(key: DashboardKey, content: DashboardProperties | undefined, actor: string): Promise<void>;
  /** What is declared now. */
  declaredNow(key: DashboardKey): Promise<DashboardProperties | undefined>;
  prune(): Promise<void>;
}

interface Options {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
}

/** Of one dashboard, each up to a mebibyte. */
const mostVersions = 100;
const keepMs = 400 * 86_400_000;

export function createDashboards({ sql, clock, timeline }: Options): Dashboards {
  const tell = (key: DashboardKey, actor: string, what: keyof typeof sentences, revision: number) =>
    timeline.write({
      ...{ kind: `dashboard.${what}`, environment: key.environment, actor },
      address: formatAddress({ environment: key.environment, type: "dashboard", name: key.name }),
      summary: sentences[what](key.name),
      severity: what === "conflict" ? "warning" : "info",
      data: { revision },
      key: `dashboard ${key.environment}/${key.name} ${revision} ${what}`,
    });

  /** One change: what was is read, decided on and written while nobody else changes it. */
  async function change(
    key: DashboardKey,
    given: { actor: string; what: DashboardVersion["what"] },
    decide: (before: store.DashboardRow | undefined) => Sides | undefined,
  ): Promise<{ before: store.DashboardRow | undefined; after: store.DashboardRow | undefined }> {
    return sql.begin(async (transaction) => {
      const db = transaction as unknown as Sql;
      await store.lockDashboard(key, db);
      const before = await store.findDashboard(db, key);
      const sides = storable(decide(before));
      if (
        before &&
        sides &&
        same([before.declared, before.edited, before.base], [sides.declared, sides.edited, sides.base])
      )
        return { before, after: before };
      if (!before && !sides) return { before, after: undefined };
      const revision = await store.nextRevision(db);
      const at = clock.now();
      const content = sides ? shownOf(sides) : null;
      const what = sides ? given.what : "removed";
      await store.addVersion(db, { ...key, revision, at, actor: given.actor, what, content });
      await store.keepVersions(db, key, mostVersions);
      if (!sides) {
        await store.deleteDashboard(db, key);
        return { before, after: undefined };
      }
      const after = { ...key, ...sides, revision, changedBy: given.actor, changedAt: at };
      await store.putDashboard(db, after);
      return { before, after };
    }) as Promise<{ before: store.DashboardRow | undefined; after: store.DashboardRow | undefined }>;
  }

  const find = async (key: DashboardKey) => {
    const row = await store.findDashboard(sql, key);
    return row && dashboardOf(row);
  };
  const get = async (key: DashboardKey) => {
    const found = await find(key);
    if (!found) throw noDashboard(key);
    return found;
  };
  const version = async (key: DashboardKey, revision: number) => {
    const found = await store.findVersion(sql, key, revision);
    if (!found?.content)
      throw new HavnError(`Dashboard ${key.name} has no version ${revision} to look at`, {
        status: 404,
        detail: `havn dashboards history ${key.name} lists those that there are.`,
      });
    return found.content;
  };

  return {
    find,
    get,
    version,
    list: async (environment) => (await store.listDashboards(sql, environment)).map(summaryOf),
    async edit(key, { content, actor, revision, settled, what = "edited" }) {
      const { before, after } = await change(key, { actor, what }, (row) => {
        if (revision !== row?.revision) throw changedMeanwhile(key, row);
        return edited(row, content, settled);
      });
      if (!after) throw noDashboard(key);
      if (after.revision !== before?.revision) await tell(key, actor, what, after.revision);
      return dashboardOf(after);
    },
    async discard(key, { actor, revision }) {
      const { before, after } = await change(key, { actor, what: "discarded" }, (row) => {
        if (!row) throw noDashboard(key);
        if (revision !== row.revision) throw changedMeanwhile(key, row);
        return discarded(row);
      });
      if (after?.revision !== before?.revision)
        await tell(key, actor, after ? "discarded" : "removed", after?.revision ?? revision);
      return after && dashboardOf(after);
    },
    async history(key) {
      const versions = await store.listVersions(sql, key, mostVersions);
      if (versions.length === 0) throw noDashboard(key);
      return versions;
    },
    async restore(key, { actor, revision }) {
      const content = await version(key, revision);
      const { after } = await change(key, { actor, what: "restored" }, (row) => edited(row, content));
      if (!after) throw noDashboard(key);
      await tell(key, actor, "restored", after.revision);
      return dashboardOf(after);
    },
    async declare(key, content, actor) {
      const { before, after } = await change(key, { actor, what: "declared" }, (row) =>
        content === undefined ? row && undeclared(row) : declared(row, content),
      );
      const conflicts = (row: Sides | undefined) => row !== undefined && stateOf(row) === "conflict";
      if (after && conflicts(after) && !conflicts(before)) await tell(key, actor, "conflict", after.revision);
    },
    declaredNow: async (key) => (await store.findDashboard(sql, key))?.declared ?? undefined,
    prune: async () => void (await store.pruneVersions(sql, clock.now() - keepMs)),
  };
}

const sentences = {
  edited: (name: string) => `Dashboard ${name} was edited in the page`,
  imported: (name: string) => `Dashboard ${name} was imported`,
  restored: (name: string) => `An earlier version of dashboard ${name} was brought back`,
  discarded: (name: string) =>
    `Dashboard ${name} is as declared again: what the page had made of it was discarded`,
  removed: (name: string) => `Dashboard ${name} was removed`,
  conflict: (name: string) =>
    `The configuration changed dashboard ${name}, which is also edited in the page: both are kept until somebody chooses`,
};

function summaryOf(row: store.DashboardRow): DashboardSummary {
  const shown = shownOf(row);
  return {
    ...{ environment: row.environment, name: row.name, revision: row.revision },
    title: shown?.title ?? row.name,
    tags: shown?.tags ?? [],
    panels: shown?.panels.filter(({ kind }) => kind !== "row").length ?? 0,
    state: stateOf(row),
    ...{ changedBy: row.changedBy, changedAt: row.changedAt },
  };
}

function dashboardOf(row: store.DashboardRow): Dashboard {
  const shown = shownOf(row);
  if (!shown) throw noDashboard(row);
  return {
    ...summaryOf(row),
    dashboard: shown,
    ...(row.declared !== null && row.edited !== null && { declared: row.declared }),
  };
}

const noDashboard = ({ environment, name }: DashboardKey) =>
  new HavnError(`There is no dashboard ${name} in ${environment}`, {
    status: 404,
    detail: `havn dashboards -e ${environment} lists those that there are.`,
  });

function changedMeanwhile(key: DashboardKey, row: store.DashboardRow | undefined): HavnError {
  return row
    ? new HavnError(`Dashboard ${key.name} was changed meanwhile by ${row.changedBy}`, {
        status: 409,
        detail: "Nothing was saved. Load it anew, or save yours under another name.",
      })
    : new HavnError(`Dashboard ${key.name} is not there any more`, {
        status: 409,
        detail: "Nothing was saved. Save it under a new name.",
      });
}
