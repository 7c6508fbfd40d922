import { readdir, readFile } from "node:fs/promises";
import { request } from "node:http";
import { join, relative } from "node:path";
import { openPostgres } from "@havn/postgres";
import { WebSocket } from "ws";
import type { Havn } from "./havn.ts";
import { processesOf } from "./processes.ts";

/** Texts in which a value must not be found, by where they come from. */
export type Told = Record<string, string>;

/** Where one of `values` stands, as it is or in base64: places of `told` by the name of the value. */
export function placesOf(
  told: Told,
  values: Readonly<Record<string, string>>,
): [name: string, place: string][] {
  const encoded = (value: string) => Buffer.from(value).toString("base64").slice(0, -4);
  return Object.entries(told).flatMap(([place, text]) =>
    Object.entries(values)
      .filter(([, value]) => text.includes(value) || text.includes(encoded(value)))
      .map(([name]): [string, string] => [name, place]),
  );
}

/** Every table of every schema of the server's PostgreSQL as text. */
export async function readPostgres(havn: Havn): Promise<string> {
  const server = processesOf(havn.dataDirectory).find(({ command }) => /postgres .*-k/.test(command));
  const sockets = /-k[ =]?(\S+)/.exec(server?.command ?? "")?.[1] ?? "";
  await using postgres = await openPostgres({
    url: `postgresql://havn@localhost/havn?host=${encodeURIComponent(sockets)}`,
  });
  const { sql } = postgres;
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`;
  let text = "";
  for (const { schema, name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(schema)}.${sql(name)} t`;
    text += `${schema}.${name}\n${rows.map(({ row }) => row).join("\n")}\n`;
  }
  return text;
}

/**
 * Every column that can hold text, of every table of the server's ClickHouse, its own logs among them: on the disk they
 * are compressed. A table begins with its name.
 */
export async function readClickHouse(havn: Havn): Promise<string> {
  const columns = await askClickHouse(
    havn,
    `select database, table, groupArray(name) as names from system.columns
     where type like '%String%' and (database, table) in (select database, name from system.tables
       where engine like '%MergeTree%' and (database != 'system' or name like '%_log'))
     group by database, table order by database, table format JSONEachRow`,
  );
  let text = "";
  for (const line of columns.split("\n").filter((one) => one !== "")) {
    const { database, table, names } = JSON.parse(line) as Record<"database" | "table", string> & {
      names: string[];
    };
    const list = names.map((name) => `\`${name}\``).join(", ");
    const rows = await askClickHouse(
      havn,
      `select distinct ${list} from \`${database}\`.\`${table}\` format TSVRaw`,
    );
    text += `${database}.${table}\n${rows}\n`;
  }
  return text;
}

/** One query to the engine that the server runs as its child. */
function askClickHouse(havn: Havn, query: string): Promise<string> {
  const child = processesOf(havn.dataDirectory).find(({ command }) =>
    command.includes("embedded/child.ts"),
  )?.command;
  const socketPath = child?.split(" ").find((argument) => argument.endsWith(".sock"));
  if (socketPath === undefined) throw new Error(`ClickHouse was not found: ${child}`);
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method: "POST", path: "/", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(text.slice(0, 500))),
      );
    });
    asking.on("error", reject);
    asking.end(query);
  });
}

/** All that the one WebSocket says of these environments, and of every apply that it tells of. */
export async function listenLive(
  havn: Havn,
  environments: readonly string[],
): Promise<{ topics(): string[]; stop(): string }> {
  const token = (await readFile(join(havn.dataDirectory, "cli-token"), "utf8")).trim();
  const socket = new WebSocket(`ws://127.0.0.1:${havn.port}/api/v1/live`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const messages: string[] = [];
  const asked = new Set<string>();
  const subscribe = (topic: string) => {
    if (asked.has(topic)) return;
    asked.add(topic);
    socket.send(JSON.stringify({ subscribe: topic }));
  };
  socket.on("message", (data) => {
    const text = String(data);
    messages.push(text);
    for (const [id] of text.matchAll(/\bapply-[0-9a-f-]{36}\b/g)) subscribe(`apply:${id}`);
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.on("error", () => undefined);
  subscribe("events");
  for (const name of environments)
    for (const kind of ["events", "logs", "status"]) subscribe(`${kind}:${name}`);
  return {
    topics: () => [
      ...new Set(
        messages.flatMap((text) => (JSON.parse(text) as { topic?: string }).topic?.split(":")[0] ?? []),
      ),
    ],
    stop() {
      socket.terminate();
      return messages.join("\n");
    },
  };
}

/** The arguments of everything that runs, looked at again and again until it is stopped. */
export function sampleArguments(): { stop(): string } {
  const seen = new Set<string>();
  const look = async () => {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)))
      seen.add(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  };
  const timer = setInterval(() => void look().catch(() => undefined), 150);
  return {
    stop() {
      clearInterval(timer);
      return [...seen].join("\n").replaceAll("\0", " ");
    },
  };
}

/** Every file below a folder, by its path relative to it. */
export async function readFilesBelow(folder: string): Promise<Told> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = async (file: string): Promise<[string, string]> => [
    `file ${relative(folder, file)}`,
    await readFile(file, "latin1"),
  ];
  return Object.fromEntries(await Promise.all(files.map(read)));
}
