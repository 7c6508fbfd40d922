import { HavnError } from "@havn/model";
import type postgresTypes from "postgres";
import postgres from "./driver.ts";
import { type EmbeddedPostgres, startEmbedded } from "./embedded.ts";

export { migrate } from "./migrate.ts";
export { isOutage, throughOutages } from "./outage.ts";

export type Sql = postgresTypes.Sql;
export type TransactionSql = postgresTypes.TransactionSql;

/** A value on its way into a `jsonb` column. */
export const jsonb = (sql: Sql | TransactionSql, value: unknown) =>
  sql.json(value as Parameters<Sql["json"]>[0]);

export interface Postgres extends AsyncDisposable {
  readonly sql: Sql;
  /** For clients that take a connection string (workflows, psql). */
  readonly url: string;
  /** Asks the server; does not throw. */
  healthy(): Promise<{ ok: boolean; detail: string }>;
  /** Process id of the embedded server; undefined for an external one and while it restarts. */
  pid(): number | undefined;
}

export type PostgresOptions = { dataDirectory: string } | { url: string };

/** Opens the control plane's database, making and starting an embedded one where `dataDirectory` is given. */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  if ("url" in options) return connect(options.url, undefined);
  const embedded = await startEmbedded(options.dataDirectory);
  try {
    return await connect(embedded.url, embedded);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

async function connect(url: string, embedded: EmbeddedPostgres | undefined): Promise<Postgres> {
  const sql = createSql(url);
  try {
    await sql`select 1`;
  } catch (cause) {
    await sql.end({ timeout: 1 });
    throw new HavnError("PostgreSQL cannot be reached", {
      detail: "Check that HAVN_POSTGRES_URL names a running server and that the role and database exist.",
      status: 503,
      cause,
    });
  }
  return {
    sql,
    url,
    pid: () => embedded?.pid(),
    healthy: async () => {
      try {
        await withDeadline(sql`select 1`, 2000);
        return { ok: true, detail: embedded ? "embedded" : "external" };
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 5 });
      await embedded?.stop();
    },
  };
}

/** `bigint` columns are read as numbers: ours hold milliseconds and counters, far below 2^53. */
export function createSql(url: string): Sql {
  // The client takes a socket folder as an option only, and would send `?host=` on to the server as a setting.
  const plain = new URL(url);
  const socket = plain.searchParams.get("host");
  plain.searchParams.delete("host");
  return postgres(plain.href, {
    ...(socket ? { host: socket } : {}),
    max: 12,
    onnotice: () => {},
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 1),
    types: {
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
  }) as unknown as Sql; // the library's type carries our bigint mapping as a parameter that callers need not know
}

async function withDeadline<T>(work: PromiseLike<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
