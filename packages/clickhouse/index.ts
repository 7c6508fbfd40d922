import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { resolve } from "node:path";
import { HavnError } from "@havn/model";
import {
  type Call,
  ConnectionLost,
  callClickHouse,
  callInto,
  type Endpoint,
  type Param,
  quoteString,
  type Sink,
} from "./client.ts";
import { clusterSettings, onCluster, overAllShards } from "./cluster.ts";
import { type SupervisedChild, superviseChild } from "./embedded/supervisor.ts";

export { ClickHouseError, type Param, quoteString, type Sink } from "./client.ts";
export { migrate } from "./migrate.ts";

export interface QueryOptions {
  /** Values of `{name:Type}` in the SQL. */
  params?: Record<string, Param>;
  /** Output format, for example "RowBinary"; TabSeparated where none is given here nor in the SQL. */
  format?: string;
  signal?: AbortSignal;
}

export interface SegmentInsert {
  table: string;
  /** What the files hold, in order, as RowBinary. */
  columns: readonly { name: string; type: string }[];
  files: readonly string[];
  /**
   * Set where the files, or some of their rows, may have been inserted before: a row is left out when the table has
   * one with the same `key`, looked for where `where` holds, or when the files have it twice.
   */
  onlyNew?: { key: readonly string[]; where: string };
}

/** One client for the embedded and the external ClickHouse. Every failure is a HavnError that says whether to retry. */
export interface ClickHouse extends AsyncDisposable {
  /** Runs a statement that only reads; it is sent once more when the server falls meanwhile. Stops when `signal` aborts. */
  query(sql: string, options?: QueryOptions): Promise<Uint8Array>;
  /** Like query, handing over the answer as it comes; `open` is called again where the query is sent once more. */
  queryInto<T>(sql: string, options: QueryOptions, open: () => Sink<T>): Promise<T>;
  /** Like query, as objects. Select 64-bit integers through toString(). */
  rows<T>(sql: string, options?: Omit<QueryOptions, "format">): Promise<T[]>;
  /** Runs a statement that changes something, once. */
  execute(sql: string, options?: { params?: Record<string, Param> }): Promise<void>;
  /**
   * Inserts whole RowBinary files. When it throws, some rows may be there and some not, but nothing of it is still
   * under way: it may be tried again with `onlyNew`.
   */
  insertSegment(insert: SegmentInsert): Promise<void>;
  healthy(): Promise<boolean>;
  /** Of the embedded child; undefined while it is down, and for an external server. */
  readonly pid: number | undefined;
}

export type ClickHouseOptions =
  | { dataDirectory: string; memoryLimitBytes?: number }
  /** `cluster`: as its servers name it; then tables are spread over all of its shards. */
  | { url: string; cluster?: string | undefined };

const defaultMemoryLimit = 600 * 1024 * 1024;
/** An answer that failed half-way must not look whole; one that nobody waits for must not go on. */
const readSettings = { cancel_http_readonly_queries_on_client_close: "1", wait_end_of_query: "1" };
const waitForRestartMs = 15_000;

/** Opens the embedded ClickHouse of a data directory, or an external one by URL (`http://user:password@host:8123/database`). */
export async function openClickHouse(options: ClickHouseOptions): Promise<ClickHouse> {
  if ("url" in options) return createClient(externalEndpoint(options.url), undefined, options.cluster);
  const child = await superviseChild({
    dataDirectory: resolve(options.dataDirectory),
    memoryLimitBytes: options.memoryLimitBytes ?? defaultMemoryLimit,
  });
  const agent = new Agent({ keepAlive: true });
  return createClient({ url: new URL("http://localhost/"), socketPath: child.socketPath, agent }, child);
}

function externalEndpoint(text: string): Endpoint {
  const url = new URL(text);
  const database = url.pathname.slice(1);
  url.pathname = "/";
  if (database) url.searchParams.set("database", database);
  const agent =
    url.protocol === "https:" ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  return { url, agent };
}

function createClient(
  endpoint: Endpoint,
  child: SupervisedChild | undefined,
  cluster?: string | undefined,
): ClickHouse {
  const settings = cluster === undefined ? undefined : clusterSettings;
  const written = (sql: string) => (cluster === undefined ? sql : overAllShards(sql, cluster));
  /** `repeatable`: may be sent again although it may have run. */
  const call = (request: Call, repeatable: boolean): Promise<Uint8Array> =>
    throughRestarts(() => callClickHouse(endpoint, request), repeatable);

  async function throughRestarts<T>(send: () => Promise<T>, repeatable: boolean): Promise<T> {
    const generation = await child?.ready(waitForRestartMs);
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof ConnectionLost) || (error.sent && !repeatable)) throw error;
      if (child && generation !== undefined) await child.lost(generation);
      await child?.ready(waitForRestartMs);
      return send();
    }
  }

  const query = (sql: string, options: QueryOptions = {}) =>
    call({ sql: written(sql), ...options, settings: { ...readSettings, ...settings } }, true);

  return {
    query,
    queryInto: (sql, options, open) =>
      throughRestarts(
        () =>
          callInto(
            endpoint,
            { sql: written(sql), ...options, settings: { ...readSettings, ...settings } },
            open,
          ),
        true,
      ),
    async rows<T>(sql: string, options: Omit<QueryOptions, "format"> = {}) {
      const text = new TextDecoder().decode(await query(sql, { ...options, format: "JSONEachRow" }));
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as T);
    },
    async execute(sql, options = {}) {
      for (const statement of cluster === undefined ? [sql] : onCluster(sql, cluster))
        await call({ sql: statement, ...options, ...(settings && { settings }) }, false);
    },
    insertSegment: (insert) =>
      child ? insertLocal(endpoint, child, insert) : insertRemote(endpoint, { insert, settings, cluster }),
    async healthy() {
      const limit = AbortSignal.timeout(3_000);
      return callClickHouse(endpoint, { sql: "SELECT 1", signal: limit }).then(
        () => true,
        () => false,
      );
    },
    get pid() {
      return child?.pid;
    },
    async [Symbol.asyncDispose]() {
      await child?.[Symbol.asyncDispose]();
      endpoint.agent.destroy();
    },
  };
}

/** The embedded engine reads the files itself. */
async function insertLocal(endpoint: Endpoint, child: SupervisedChild, insert: SegmentInsert): Promise<void> {
  const generation = await child.ready(waitForRestartMs);
  for (const file of insert.files)
    if (/[*?{}]|\.\./.test(file))
      throw new HavnError(`ClickHouse cannot read ${file}`, {
        detail:
          "Its path holds one of * ? { } or .., which ClickHouse takes as a pattern. Choose another data directory.",
      });
  // One file() each: a pattern that matches too little is no error, a missing file is.
  const source = insert.files
    .map((file) => `SELECT * FROM file(${quoteString(file)}, RowBinary, ${quoteString(structure(insert))})`)
    .join(" UNION ALL ");
  try {
    await callClickHouse(endpoint, { sql: insertSql(insert, `(${source})`) });
  } catch (error) {
    // The answer is lost but the insert may still run; a retry beside it would double rows.
    if (error instanceof ConnectionLost) await child.retire(generation);
    throw error;
  }
}

async function insertRemote(
  endpoint: Endpoint,
  given: { insert: SegmentInsert; settings: Record<string, string> | undefined; cluster: string | undefined },
): Promise<void> {
  const { insert, settings, cluster } = given;
  const id = crypto.randomUUID();
  const sql = `${insertSql(insert, `input(${quoteString(structure(insert))})`)} FORMAT RowBinary`;
  try {
    await callClickHouse(endpoint, { sql, settings: { ...settings, query_id: id }, body: insert.files });
  } catch (error) {
    if (error instanceof ConnectionLost) await callClickHouse(endpoint, { sql: killSql(id, cluster) });
    throw error;
  }
}

/** Also what other servers of a cluster do for it. */
const killSql = (id: string, cluster: string | undefined): string =>
  cluster === undefined
    ? `KILL QUERY WHERE query_id = '${id}' SYNC`
    : `KILL QUERY ON CLUSTER ${quoteString(cluster)} WHERE initial_query_id = '${id}' SYNC`;

function insertSql({ table, columns, onlyNew }: SegmentInsert, source: string): string {
  const names = columns.map(({ name }) => name).join(", ");
  // A backfill touches more partitions than ClickHouse thinks wise; refused, its rows would wait for ever.
  const into = `INSERT INTO ${table} (${names}) SETTINGS max_partitions_per_insert_block = 0 SELECT ${names} FROM ${source}`;
  if (!onlyNew) return into;
  const key = onlyNew.key.join(", ");
  return `${into} WHERE (${key}) NOT IN (SELECT ${key} FROM ${table} WHERE ${onlyNew.where}) LIMIT 1 BY ${key}`;
}

function structure({ columns }: SegmentInsert): string {
  return columns.map(({ name, type }) => `${name} ${type}`).join(", ");
}
