import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync } from "node:fs";
import { lstat, mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { HavnError, systemClock } from "@havn/model";
import { findBinaries } from "./binaries.ts";
import postgres from "./driver.ts";

const run = promisify(execFile);

export interface EmbeddedPostgres {
  readonly url: string;
  pid(): number | undefined;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000; // crash recovery replays what was written since the last checkpoint
const settings = {
  max_connections: "60",
  shared_buffers: "48MB",
  max_wal_size: "512MB",
  checkpoint_timeout: "5min",
  logging_collector: "off",
  listen_addresses: "",
  unix_socket_permissions: "0700",
  log_min_messages: "warning",
};

/** Starts the server on `dataDirectory` (made where it does not exist) and starts it again whenever it dies. */
export async function startEmbedded(dataDirectory: string): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const directory = resolve(dataDirectory);
  const sockets = await socketDirectory(directory);
  await initialise(binaries, directory);
  await stopStale(directory);
  const supervisor = supervise(() => launch(binaries, directory, sockets));
  try {
    await untilReady(sockets, () => supervisor.failure());
    await createDatabase(sockets);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return {
    url: `postgresql://havn@localhost/havn?host=${encodeURIComponent(sockets)}`,
    pid: supervisor.pid,
    async stop() {
      await supervisor.stop();
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

/**
 * PostgreSQL refuses to run as root. In a user namespace that calls our own user "daemon" (a name that every Linux
 * knows; initdb looks it up) it is not root,
 * needs no account of its own, and still reads a data folder below a private home.
 */
function unprivileged(command: string, args: string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, args];
  return ["unshare", ["--map-user=daemon", "--map-group=daemon", "--", command, ...args]];
}

/** Unix socket paths end at 107 bytes, data folders do not: sockets live in a private folder named after the data. */
async function socketDirectory(dataDirectory: string): Promise<string> {
  const hash = createHash("sha256").update(dataDirectory).digest("hex").slice(0, 12);
  const directory = join(tmpdir(), `havn-pg-${process.getuid?.() ?? 0}-${hash}`);
  await mkdir(directory, { mode: 0o700, recursive: true });
  const { uid, mode } = await lstat(directory).then((entry) => ({ uid: entry.uid, mode: entry.mode }));
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o077) !== 0)
    throw new HavnError(`The folder ${directory} is open to others`, {
      detail: "Havn keeps its database socket there. Remove the folder and start again.",
    });
  return directory;
}

async function initialise(binaries: string, directory: string): Promise<void> {
  if (existsSync(join(directory, "PG_VERSION"))) return;
  const fresh = `${directory}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  const [command, args] = unprivileged(join(binaries, "bin", "initdb"), [
    ...["--pgdata", fresh, "--username", "havn", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"],
    ...["--data-checksums", "--no-instructions"],
  ]);
  try {
    await run(command, args, { env: serverEnvironment() });
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    const said = (cause as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? "";
    throw new HavnError(`PostgreSQL could not be set up in ${directory}`, {
      detail: `${said}. Check that the disk has room and that the folder may be written.`,
      cause,
    });
  }
  await rename(fresh, directory);
}

const serverEnvironment = () => ({ PATH: process.env["PATH"] ?? "", LC_ALL: "C", TZ: "UTC" });

function launch(binaries: string, directory: string, sockets: string): ChildProcess {
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, args] = unprivileged(join(binaries, "bin", "postgres"), [
    "-D",
    directory,
    "-k",
    sockets,
    ...flags,
  ]);
  const log = openSync(`${directory}.log`, "a", 0o600);
  try {
    return spawn(command, args, { stdio: ["ignore", log, log], env: serverEnvironment() });
  } finally {
    closeSync(log);
  }
}

/** A server that outlived a killed control plane still holds the folder: it is ours, so it is shut down. */
async function stopStale(directory: string): Promise<void> {
  const file = join(directory, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const pid = Number(text.split("\n")[0]);
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (!(await isServerOf(pid, directory))) break;
    process.kill(pid, signal);
    for (let waited = 0; waited < 5000 && (await isServerOf(pid, directory)); waited += 20)
      await systemClock.sleep(20);
  }
  await rm(file, { force: true });
}

async function isServerOf(pid: number, directory: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid < 2) return false;
  try {
    const { stdout } = await run("ps", ["-ww", "-o", "stat=,args=", "-p", String(pid)]);
    return stdout.includes(directory) && !stdout.trimStart().startsWith("Z");
  } catch {
    return false; // ps exits with 1 where there is no such process
  }
}

function supervise(start: () => ChildProcess) {
  let stopping = false;
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let quickDeaths = 0;
  let restart: NodeJS.Timeout | undefined;

  const begin = () => {
    const startedAt = Date.now();
    const current = start();
    child = current;
    ended = new Promise((resolveEnded) => {
      const end = () => {
        if (child === current) child = undefined;
        quickDeaths = Date.now() - startedAt < 5000 ? quickDeaths + 1 : 0;
        if (!stopping) restart = setTimeout(begin, Math.min(50 * 2 ** quickDeaths, 5000));
        resolveEnded();
      };
      current.once("error", end);
      current.once("exit", end);
    });
  };
  begin();
  return {
    pid: () => child?.pid,
    failure: () => (quickDeaths >= 4 ? "it stopped four times in a row right after its start" : undefined),
    /**
     * SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, everything else is on disk. One that
     * hangs is killed in the end: its next start recovers.
     */
    async stop() {
      stopping = true;
      clearTimeout(restart);
      child?.kill("SIGINT");
      const harder = setTimeout(() => child?.kill("SIGQUIT"), 10_000);
      const hardest = setTimeout(() => child?.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(harder);
      clearTimeout(hardest);
    },
  };
}

const oneConnection = (sockets: string, database: string) =>
  postgres({ host: sockets, username: "havn", database, max: 1, connect_timeout: 5, onnotice: () => {} });

async function untilReady(sockets: string, failure: () => string | undefined): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const sql = oneConnection(sockets, "postgres");
    try {
      await sql`select 1`;
      return;
    } catch (cause) {
      const why =
        failure() ??
        (Date.now() > deadline ? `it was not ready within ${startTimeoutMs / 1000} s` : undefined);
      if (why)
        throw new HavnError(`PostgreSQL did not start: ${why}`, {
          detail: "Its last words stand in postgres.log in the data folder. A full disk is the usual reason.",
          status: 503,
          cause,
        });
    } finally {
      await sql.end({ timeout: 1 });
    }
    await systemClock.sleep(20);
  }
}

async function createDatabase(sockets: string): Promise<void> {
  const sql = oneConnection(sockets, "postgres");
  try {
    const found = await sql`select 1 from pg_database where datname = 'havn'`;
    if (found.length === 0) await sql`create database havn`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
