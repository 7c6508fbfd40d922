/**
 * On a cluster each table is two: NAME_local, replicated, on every server, and in front of it NAME, which is Distributed
 * and is what statements name. Migrations and statements are written for one server; here they are turned, purely, into
 * those for a cluster. All rows of a series are on one shard, so that FINAL finds what replaces what.
 */

/** Sent with every statement: an insert is there once it is answered, and IN looks on all shards. */
export const clusterSettings = {
  distributed_foreground_insert: "1",
  distributed_product_mode: "global",
} as const;

const identifier = "`?(\\w+)`?";
const createTable = new RegExp(
  `^\\s*CREATE TABLE (IF NOT EXISTS )?${identifier}\\s+([\\s\\S]*?)\\bENGINE\\s*=\\s*(\\w*MergeTree)(?:\\(([^)]*)\\))?`,
  "i",
);
const alterTable = new RegExp(`^\\s*ALTER TABLE ${identifier}\\s+([\\s\\S]*)$`, "i");
const deleteFrom = new RegExp(`^\\s*DELETE FROM ${identifier}\\s+([\\s\\S]*)$`, "i");
const wholeTable = new RegExp(`^\\s*(DROP|TRUNCATE) TABLE (IF EXISTS )?${identifier}\\s*([\\s\\S]*)$`, "i");

/** The statements that do on a cluster what one does on a server. Throws a TypeError for a definition that is not known. */
export function onCluster(sql: string, cluster: string): string[] {
  const statement = withoutComments(sql);
  const on = `ON CLUSTER ${quoted(cluster)}`;
  const created = createTable.exec(statement);
  if (created) return create(statement, { found: created, cluster, on });
  if (/^\s*CREATE\b/i.test(statement))
    throw new TypeError(`not known on a cluster: ${statement.slice(0, 100)}`);
  const altered = alterTable.exec(statement);
  if (altered) {
    const [, name = "", what = ""] = altered;
    const local = `ALTER TABLE ${name}_local ${on} ${what}`;
    return /\bCOLUMN\b/i.test(what) ? [local, `ALTER TABLE ${name} ${on} ${what}`] : [local];
  }
  const deleted = deleteFrom.exec(statement);
  if (deleted) return [`DELETE FROM ${deleted[1]}_local ${on} ${deleted[2]}`];
  const whole = wholeTable.exec(statement);
  if (whole) {
    const [, verb = "", ifExists = "", name = "", rest = ""] = whole;
    const of = (table: string) => `${verb} TABLE ${ifExists}${table} ${on} ${rest}`.trim();
    return verb.toUpperCase() === "DROP" ? [of(name), of(`${name}_local`)] : [of(`${name}_local`)];
  }
  return [overAllShards(sql, cluster)];
}

function create(
  statement: string,
  { found, cluster, on }: { found: RegExpExecArray; cluster: string; on: string },
): string[] {
  const [whole, ifNot = "", name = "", definition = "", engine = "", given = ""] = found;
  const columns = definition.trim().replace(new RegExp(`^AS ${identifier}$`, "i"), "AS $1_local");
  const place = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
  const parameters = given.trim() === "" ? place : `${place}, ${given.trim()}`;
  const rest = statement.slice(whole.length).trim();
  return [
    `CREATE TABLE ${ifNot}${name}_local ${on}\n${columns}\nENGINE = Replicated${engine}(${parameters})\n${rest}`.trim(),
    `CREATE TABLE ${ifNot}${name} ${on} AS ${name}_local\nENGINE = Distributed(${quoted(cluster)}, currentDatabase(), '${name}_local', ${shardBy(statement)})`,
  ];
}

/** What rows are spread by: of what replaces each other, all stand on one shard. */
function shardBy(statement: string): string {
  if (/\bseries_id\b/.test(statement)) return "series_id";
  if (/\bid UInt64\b/.test(statement)) return "id";
  if (/\bbatch UInt64\b/.test(statement)) return "batch";
  return /\bname String\b/.test(statement) ? "cityHash64(name)" : "0";
}

/** What a server tells of its tables is of the local ones: it is asked of one replica of each shard, under the usual names. */
export function overAllShards(sql: string, cluster: string): string {
  const own = (column: string) => `replaceRegexpOne(${column}, '_local$', '') AS ${column}`;
  const of = (table: string, column: string) =>
    `(SELECT * REPLACE (${own(column)}) FROM (SELECT * FROM cluster(${quoted(cluster)}, system.${table}) WHERE endsWith(${column}, '_local')))`;
  return sql
    .replace(/\bsystem\.parts\b/g, () => of("parts", "table"))
    .replace(/\bsystem\.tables\b/g, () => of("tables", "name"));
}

const quoted = (name: string) => `'${name.replace(/[\\']/g, "\\$&")}'`;

const withoutComments = (sql: string) => sql.replace(/^\s*--.*$/gm, "").trim();
