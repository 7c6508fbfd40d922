/**
 * The embedded ClickHouse: a process of its own, so that its memory and its fall are not the server's. It opens the
 * data directory with chdb and serves ClickHouse's HTTP interface (query, database, default_format, query_id and
 * param_* in the URL; the body is appended to the query) on a unix socket. Started by supervisor.ts.
 */
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type ChdbResult, Session } from "chdb";
import { bindParameters } from "./parameters.ts";

const [socketPath, dataPath, memoryLimit, ...furtherArgs] = process.argv.slice(2);
if (!socketPath || !dataPath || !memoryLimit)
  throw new Error("usage: child.ts SOCKET DATA MEMORY_LIMIT [ENGINE_ARGUMENT…]");

const connectionArgs = [
  `--max_server_memory_usage=${memoryLimit}`,
  "--mark_cache_size=67108864",
  "--index_mark_cache_size=33554432",
  "--max_execution_time=120",
  ...furtherArgs,
];

/** chdb runs one query at a time on a connection; connections run beside each other. */
class Pool {
  readonly #idle: Session[];
  readonly #waiting: ((session: Session) => void)[] = [];

  constructor(size: number, path: string) {
    this.#idle = Array.from({ length: size }, () => new Session(path, { connectionArgs }));
  }

  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session =
      this.#idle.pop() ?? (await new Promise<Session>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(session);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(session);
      else this.#idle.push(session);
    }
  }

  close(): void {
    for (const session of this.#idle) session.close();
  }
}

const readers = new Pool(3, dataPath);
// Inserts and definitions never queue behind slow reads.
const writers = new Pool(2, dataPath);
const control = new Pool(1, dataPath);
let queries = 0;

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => fail(response, error));
});
// An idle connection that this end closes could break a request that is just being sent.
server.keepAliveTimeout = 0;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/ping") return void response.end("Ok.\n");
  const { sql, database, format } = parseRequest(url.searchParams, await readBody(request));
  const id = `/*havn:${++queries}*/`;
  let running = false;
  response.once("close", () => {
    if (running) void cancel(id);
  });
  const pool = /^\s*(select|with|show|describe|desc|explain|exists)\b/i.test(sql) ? readers : writers;
  const result = await pool.use(async (session): Promise<ChdbResult | undefined> => {
    if (response.closed) return undefined;
    running = true;
    try {
      await session.queryAsync(`USE \`${database}\``);
      return await session.queryAsync(`${id} ${sql}`, { format });
    } finally {
      running = false;
    }
  });
  response.setHeader("X-ClickHouse-Format", format);
  response.end(result?.bytes());
}

/** What is so here anyway. */
const given = new Set(["query_id", "cancel_http_readonly_queries_on_client_close", "wait_end_of_query"]);

interface ParsedRequest {
  sql: string;
  database: string;
  format: string;
}

function parseRequest(search: URLSearchParams, body: string): ParsedRequest {
  const params = new Map<string, string>();
  let query = "";
  let database = "default";
  let format = "TabSeparated";
  for (const [name, value] of search) {
    if (name.startsWith("param_")) params.set(name.slice(6), value);
    else if (name === "query") query = value;
    else if (name === "database") database = value.replaceAll("`", "");
    else if (name === "default_format") format = value;
    else if (!given.has(name))
      throw Object.assign(new Error(`Setting ${name}: write it in the query`), { clickhouseCode: 115 });
  }
  return {
    sql: bindParameters(query && body ? `${query}\n${body}` : query + body, params),
    database,
    format,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function cancel(id: string): Promise<void> {
  await control
    .use((session) => session.queryAsync(`KILL QUERY WHERE query LIKE '${id}%' ASYNC`))
    .catch(() => undefined); // it may have ended by itself
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const { message, clickhouseCode } = error as Error & { clickhouseCode?: number };
  response.statusCode = clickhouseCode === 60 || clickhouseCode === 81 ? 404 : 500;
  response.setHeader("X-ClickHouse-Exception-Code", String(clickhouseCode ?? 0));
  response.end(message);
}

function stop(): void {
  server.close(() => {
    for (const pool of [readers, writers, control]) pool.close();
    process.exit(0);
  });
  server.closeIdleConnections();
}

process.once("SIGTERM", stop);
// A terminal's Ctrl-C reaches the whole group; the server ends this process when it is done with it.
process.on("SIGINT", () => undefined);
// The parent is gone, perhaps by kill -9. Parts are written atomically: there is nothing to wait for, and a new
// parent wants the lock on the data directory.
process.once("disconnect", () => {
  rmSync(socketPath, { force: true });
  process.kill(process.pid, "SIGKILL");
});

rmSync(socketPath, { force: true });
server.listen(socketPath, () => process.send?.("ready"));
