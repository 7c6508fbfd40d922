import type { ClickHouse, Param } from "@havn/clickhouse";
import { seriesCondition } from "../metrics/matchers.ts";
import { cutOff, everyKeep, type Keeps, type Kind, kinds, longest, type Retention } from "./keeps.ts";
import { endOfPartition } from "./partitions.ts";
import { dayMs } from "./tiers.ts";

export interface Gone {
  samples: boolean;
  /** Rows of series too: who goes on sending them stores them anew. */
  series: boolean;
  /** Nothing is left that should be gone. */
  whole: boolean;
}

interface Stored {
  table: string;
  kind: Kind | "series";
  /** When its rows are of. */
  time: string;
}

/** Samples first: their buckets outlive them, and the labels of all of it go last. */
const stored: readonly Stored[] = [
  ...["samples", "starts", "histograms", "exemplars"].map((table) => ({
    table,
    kind: "raw" as const,
    time: "timestamp",
  })),
  { table: "rollups_5m", kind: "5m", time: "timestamp" },
  { table: "rollups_1h", kind: "1h", time: "timestamp" },
  { table: "series", kind: "series", time: "day" },
];

const always = { start: 0, end: 2 ** 42 };

/** Deletes what is older than anything wants it kept. Samples that are not rolled up stay. */
export async function expire(
  clickhouse: ClickHouse,
  { retention, now, rolledUntil }: { retention: Retention; now: number; rolledUntil: number },
): Promise<Gone> {
  const gone: Gone = { samples: false, series: false, whole: true };
  const keep = (keeps: Keeps, kind: Stored["kind"]): number =>
    // A day more: the row of a series is of the day on which its samples began.
    kind === "series" ? Math.max(...kinds.map((each) => keeps[each])) + dayMs : keeps[kind];
  for (const each of stored) {
    const before = (keeps: Keeps): number => {
      const from = cutOff(now, keep(keeps, each.kind));
      if (each.kind !== "raw" || from <= rolledUntil) return from;
      gone.whole = false;
      return cutOff(rolledUntil, 0);
    };
    const last = before(longest(everyKeep(retention)));
    // Of what is kept longest only whole partitions go, which costs nothing.
    let any = await dropPartitions(clickhouse, each, last);
    for (const group of groupsOf(retention, before))
      if (group.before > last) any = (await deleteGroup(clickhouse, each, group)) || any;
    if (any && each.kind === "raw") gone.samples = true;
    if (any && each.kind === "series") gone.series = true;
  }
  return gone;
}

interface Group {
  before: number;
  /** Rows of the table `series` that it is about. */
  sql: string;
  params: Record<string, Param>;
}

/** For each time before which something goes: the series that nothing keeps longer. */
function groupsOf({ otherwise, rules }: Retention, beforeOf: (keeps: Keeps) => number): Group[] {
  const timed = rules.map(({ matchers, keeps }) => ({ matchers, before: beforeOf(keeps) }));
  const general = beforeOf(otherwise);
  return [...new Set([general, ...timed.map(({ before }) => before)])].map((before) => {
    const params: Record<string, Param> = {};
    const anyOf = (which: (rule: { before: number }) => boolean) => {
      const sets = timed.filter(which).map(({ matchers }) => matchers);
      const { sql, params: own } = seriesCondition(sets, always);
      // Each condition numbers its parameters from 0.
      const shift = Object.keys(params).length;
      for (const [name, value] of Object.entries(own)) params[`p${Number(name.slice(1)) + shift}`] = value;
      const moved = sql.replace(/\{p(\d+):String\}/g, (_, n) => `{p${Number(n) + shift}:String}`);
      return sets.length > 0 ? `(${moved})` : "0";
    };
    const own = `(${anyOf((rule) => rule.before === before)} AND NOT ${anyOf((rule) => rule.before < before)})`;
    return { before, sql: before === general ? `(${own} OR NOT ${anyOf(() => true)})` : own, params };
  });
}

/** Partitions whose every row is too old. */
async function dropPartitions(clickhouse: ClickHouse, { table }: Stored, before: number): Promise<boolean> {
  const all = await clickhouse.rows<{ id: string; partition: string }>(
    `SELECT DISTINCT partition_id AS id, partition FROM system.parts
     WHERE active AND database = currentDatabase() AND table = {table:String}`,
    { params: { table } },
  );
  const old = all.filter(({ partition }) => endOfPartition(partition) <= before);
  for (const { id } of old) await clickhouse.execute(`ALTER TABLE ${table} DROP PARTITION ID '${id}'`);
  return old.length > 0;
}

async function deleteGroup(
  clickhouse: ClickHouse,
  { table, kind, time }: Stored,
  { before, sql, params }: Group,
): Promise<boolean> {
  const which = kind === "series" ? sql : `series_id IN (SELECT id FROM series WHERE ${sql})`;
  const condition = `${time} < ${timeSql(time, before)} AND ${which}`;
  const found = await clickhouse.rows(`SELECT 1 FROM ${table} WHERE ${condition} LIMIT 1`, { params });
  if (found.length === 0) return false;
  await clickhouse.execute(
    `DELETE FROM ${table} WHERE ${condition} SETTINGS allow_nondeterministic_mutations = 1`,
    { params },
  );
  return true;
}

const timeSql = (time: string, milliseconds: number): string => {
  const at = Math.max(0, Math.floor(milliseconds / 1000));
  return time === "day" ? `toDate(toDateTime(${at}, 'UTC'))` : `toDateTime(${at}, 'UTC')`;
};
