import type { Labels } from "@havn/model";
import { type CollectedSample, sample } from "../sample.ts";
import { type PostgresSettings, PsqlSession } from "./psql.ts";

export type { PostgresSettings } from "./psql.ts";

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** Each answers one row of JSON a line, with what it is about before it. One that a version does not have answers nothing. */
const questions = {
  static: "select current_setting('server_version') as short_version, version()",
  uptime: "select extract(epoch from pg_postmaster_start_time()) as start_time_seconds",
  database: "select * from pg_stat_database",
  conflicts: "select * from pg_stat_database_conflicts",
  size: "select datname, pg_database_size(oid) as size_bytes from pg_database where has_database_privilege(oid, 'connect')",
  bgwriter: "select * from pg_stat_bgwriter",
  checkpointer: "select * from pg_stat_checkpointer",
  archiver:
    "select archived_count, failed_count, extract(epoch from now() - last_archived_time) as last_archive_age from pg_stat_archiver",
  activity: `select d.datname, s.state, count(a.pid) as count,
      coalesce(max(extract(epoch from now() - a.xact_start)), 0) as max_tx_duration
    from pg_database d
    cross join unnest(array['active','idle','idle in transaction','idle in transaction (aborted)','fastpath function call','disabled']) as s(state)
    left join pg_stat_activity a on a.datid = d.oid and a.state = s.state group by 1, 2`,
  locks: `select d.datname, m.mode, count(l.pid) as count
    from pg_database d
    cross join unnest(array['accesssharelock','rowsharelock','rowexclusivelock','shareupdateexclusivelock','sharelock','sharerowexclusivelock','exclusivelock','accessexclusivelock','sireadlock']) as m(mode)
    left join pg_locks l on l.database = d.oid and lower(l.mode) = m.mode group by 1, 2`,
  replication: `select application_name, client_addr, state, slot_name, pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, replay_lsn) as pg_wal_lsn_diff
    from pg_stat_replication left join pg_replication_slots on pid = active_pid`,
  recovery:
    "select case when pg_is_in_recovery() then coalesce(extract(epoch from now() - pg_last_xact_replay_timestamp()), 0) else 0 end as lag, pg_is_in_recovery()::int as is_replica",
  settings:
    "select name, setting, unit, vartype from pg_settings where vartype in ('bool', 'integer', 'real')",
} as const;
type About = keyof typeof questions;

/**
 * Asked mostly as the server's superuser: nothing that somebody else has made in the schema public, an operator that fits
 * better say, may run with that.
 */
const onlyOwn = "set search_path = pg_catalog;";
const sql = [
  onlyOwn,
  ...Object.entries(questions).map(
    ([about, question]) => `select '${about} ' || row_to_json(t) from (${question}) t;`,
  ),
].join("\n");

/** A PostgreSQL server under the names of postgres_exporter; the connection stays open between collections. */
export function createPostgresCollector(settings: PostgresSettings) {
  let session: PsqlSession | undefined;
  return {
    /** Rejects where the server does not answer. */
    async collect(signal: AbortSignal): Promise<CollectedSample[]> {
      if (!session?.isOpen) session = new PsqlSession(settings);
      const answer = await session.ask(sql, signal);
      const samples = answer.split("\n").flatMap(lineSamples);
      if (samples.length === 0) throw new Error("it answers nothing");
      return [sample("pg_up", 1), ...samples];
    },
    close: () => session?.[Symbol.dispose](),
  };
}

function lineSamples(line: string): CollectedSample[] {
  const space = line.indexOf(" ");
  if (space < 0) return [];
  return rowSamples(line.slice(0, space) as About, JSON.parse(line.slice(space + 1)) as Row);
}

export function rowSamples(about: About, row: Row): CollectedSample[] {
  switch (about) {
    case "static": {
      // In three parts, as the exporter has it: 15.20 is 15.20.0 there.
      const [major = "0", minor = "0", patch = "0"] =
        /^[\d.]+/.exec(String(row.short_version))?.[0].split(".") ?? [];
      const short = `${major}.${minor}.${patch}`;
      return [sample("pg_static", 1, { short_version: short, version: String(row.version) })];
    }
    case "uptime":
      return columns("pg_postmaster", row, {});
    case "database":
      return columns("pg_stat_database", row, {
        datid: String(row.datid),
        datname: String(row.datname ?? ""),
      });
    case "conflicts":
      return columns("pg_stat_database_conflicts", row, {
        datid: String(row.datid),
        datname: String(row.datname),
      });
    case "size":
      return columns("pg_database", row, { datname: String(row.datname) });
    case "bgwriter":
    case "checkpointer":
      return columns(`pg_stat_${about}`, row, {}).map((each) => ({ ...each, name: `${each.name}_total` }));
    case "archiver":
      return columns("pg_stat_archiver", row, {});
    case "activity":
      return columns("pg_stat_activity", row, { datname: String(row.datname), state: String(row.state) });
    case "locks":
      return columns("pg_locks", row, { datname: String(row.datname), mode: String(row.mode) });
    case "replication":
      return columns(
        "pg_stat_replication",
        row,
        labelsOf(row, ["application_name", "client_addr", "state", "slot_name"]),
      );
    case "recovery":
      return columns("pg_replication", row, {});
    case "settings":
      return settingSamples(row);
  }
}

const labelsOf = (row: Row, names: readonly string[]): Labels =>
  Object.fromEntries(names.map((name) => [name, String(row[name] ?? "")]));

/** Columns that are numbers or times, each a metric. */
function columns(prefix: string, row: Row, labels: Labels): CollectedSample[] {
  return Object.entries(row).flatMap(([column, value]) => {
    if (column in labels) return [];
    const number =
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) / 1000 : value;
    return typeof number === "number" && Number.isFinite(number)
      ? [sample(`${prefix}_${column}`, number, labels)]
      : [];
  });
}

const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3_600, d: 86_400 };
const bytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** In seconds and bytes, whatever unit the server keeps it in; -1 and 0 often mean "none" and stay. */
function settingSamples({ name, setting, unit, vartype }: Row): CollectedSample[] {
  const metric = `pg_settings_${String(name).replaceAll(".", "_")}`;
  if (vartype === "bool") return [sample(metric, setting === "on" ? 1 : 0)];
  const value = Number(setting);
  if (!Number.isFinite(value)) return [];
  const [, times = "1", word = ""] = /^(\d*)(\w*)$/.exec(String(unit ?? "")) ?? [];
  const [inSeconds, inBytes] = [seconds[word], bytes[word]];
  const factor = inSeconds ?? inBytes;
  if (factor === undefined) return [sample(metric, value)];
  const scaled = value < 0 ? value : value * (Number(times) || 1) * factor;
  return [sample(`${metric}_${inSeconds === undefined ? "bytes" : "seconds"}`, scaled)];
}
