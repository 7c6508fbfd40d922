import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HavnError } from "@havn/model";
import { type ReadyAnswer, readyAnswer } from "../api/schemas.ts";
import { checkout } from "../version.ts";
import { startProblem } from "./log.ts";
import { checkCanStart } from "./preflight.ts";
import { commandLine, findServer, isAlive, type ServerRecord } from "./record.ts";

export interface StartOptions {
  dataDirectory: string;
  port: number;
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** What it waits for. */
  tell(detail: string): void;
  timeoutMs?: number;
  /** What keeps the server running; another one in tests. */
  supervisor?: string;
}

export interface Started {
  server: ServerRecord;
  /** False: it was running already. */
  started: boolean;
}

/** The running server of this data directory; starts it in the background where there is none. Resolves when it is
 *  ready to work. */
export async function ensureServer(options: StartOptions): Promise<Started> {
  const { dataDirectory, port, signal } = options;
  const running = findServer(dataDirectory);
  if (running) {
    if (running.port !== port) options.tell(`the server runs already, on port ${running.port}`);
    await waitReady(options, undefined, logSize(dataDirectory));
    return { server: findServer(dataDirectory) ?? running, started: false };
  }
  if (supervisorOf(dataDirectory))
    return { server: await waitReady(options, undefined, logSize(dataDirectory)), started: false };
  await checkCanStart(dataDirectory, port);
  const release = await acquireStartLock(dataDirectory, signal);
  try {
    // Another command may have started it while this one waited.
    const now = findServer(dataDirectory);
    const since = logSize(dataDirectory);
    const supervisor = now ? undefined : spawnSupervisor(options);
    const server = await waitReady(options, supervisor, since);
    return { server, started: supervisor !== undefined };
  } finally {
    release();
  }
}

const ownSupervisor = join(checkout, "apps/server/supervise.sh");

function spawnSupervisor({
  dataDirectory,
  port,
  environment,
  supervisor = ownSupervisor,
}: StartOptions): ChildProcess {
  rmSync(join(dataDirectory, "server.json"), { force: true });
  // Created here so that it is there to read whatever happens next.
  closeSync(openSync(join(dataDirectory, "server.log"), "a", 0o600));
  const { HAVN_TOKEN: _token, HAVN_URL: _url, ...inherited } = environment;
  const child = spawn("/bin/sh", [supervisor, dataDirectory], {
    cwd: dataDirectory,
    detached: true,
    stdio: "ignore",
    env: { ...inherited, HAVN_DATA: dataDirectory, HAVN_PORT: String(port) },
  });
  child.unref();
  return child;
}

async function waitReady(
  options: StartOptions,
  supervisor: ChildProcess | undefined,
  logSince: number,
): Promise<ServerRecord> {
  const { dataDirectory, signal, tell, timeoutMs = 120_000 } = options;
  const deadline = Date.now() + timeoutMs;
  let told = "";
  let ready: Readiness | undefined;
  for (;;) {
    signal.throwIfAborted();
    const server = findServer(dataDirectory);
    if (server) {
      ready = await readReady(server.port);
      if (ready?.ready) return server;
    } else if (supervisor && hasEnded(supervisor)) throw startProblem(dataDirectory, logSince);
    else if (!supervisor && !supervisorOf(dataDirectory)) throw startProblem(dataDirectory, logSince);
    const detail = waitingFor(ready);
    if (detail !== told) tell(detail);
    told = detail;
    if (Date.now() > deadline)
      throw startProblem(
        dataDirectory,
        logSince,
        `It was not ready within ${timeoutMs / 1000} s: ${detail}.`,
      );
    await sleep(50, undefined, { signal });
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

function waitingFor(ready: Readiness | undefined): string {
  if (!ready) return "waiting for the server to listen";
  const parts = Object.entries(ready.parts).filter(([, part]) => !part.ok);
  const list = parts.map(([name, { detail }]) => (detail ? `${name} (${detail})` : name));
  return list.length > 0 ? `waiting for ${list.join(", ")}` : "waiting for the server to be ready";
}

export type Readiness = ReadyAnswer & { ready: boolean };

/** What /readyz says, or undefined while nothing answers. */
export async function readReady(port: number): Promise<Readiness | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5000) });
    return { ...readyAnswer.parse(await response.json()), ready: response.status === 200 };
  } catch {
    return undefined;
  }
}

const logSize = (dataDirectory: string): number =>
  statSync(join(dataDirectory, "server.log"), { throwIfNoEntry: false })?.size ?? 0;

/** One start at a time. A symbolic link is made in one step, and says whose it is. Returns how to let it go. */
async function acquireStartLock(dataDirectory: string, signal: AbortSignal): Promise<() => void> {
  const path = join(dataDirectory, "starting");
  for (;;) {
    try {
      symlinkSync(String(process.pid), path);
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true });
    await sleep(50, undefined, { signal });
  }
}

function readHolder(path: string): number | undefined {
  try {
    return Number(readlinkSync(path)) || undefined;
  } catch {
    return undefined;
  }
}

/** The supervisor of this data directory's server, which may be about to start it again. */
export function supervisorOf(dataDirectory: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDirectory, "supervisor.pid"), "utf8"));
    const command = commandLine(pid) ?? "";
    return command.includes("supervise.sh") && command.includes(dataDirectory) && isAlive(pid)
      ? pid
      : undefined;
  } catch {
    return undefined;
  }
}

/** Ends the server and its supervisor, and waits until both are gone. Agents and what they run go on. */
export async function stopServer(
  dataDirectory: string,
  signal: AbortSignal,
  graceMs = 30_000,
): Promise<boolean> {
  const server = findServer(dataDirectory);
  const supervisor = supervisorOf(dataDirectory);
  const pids = [supervisor, server?.pid].filter((pid) => pid !== undefined);
  if (pids.length === 0) return false;
  // The supervisor passes it on, and does not take the end for a fall.
  for (const pid of pids) terminate(pid, "SIGTERM");
  if (!(await haveEnded(pids, signal, graceMs))) {
    for (const pid of pids) terminate(pid, "SIGKILL");
    if (!(await haveEnded(pids, signal, 5000)))
      throw new HavnError("The server cannot be stopped", {
        detail: `Process ${pids.join(" and ")} did not end. ${join(dataDirectory, "server.log")} may say why.`,
      });
  }
  for (const name of ["server.json", "supervisor.pid"]) rmSync(join(dataDirectory, name), { force: true });
  return true;
}

function terminate(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EPERM")
      throw new HavnError("The server runs as another user", {
        detail: "Run this as that user, or with sudo.",
        cause,
      });
  }
}

async function haveEnded(pids: readonly number[], signal: AbortSignal, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await sleep(50, undefined, { signal });
  }
  return true;
}

/** The running server; waits for one that is being started or restarted. Undefined where there is none. */
export async function awaitServer(
  dataDirectory: string,
  signal: AbortSignal,
): Promise<ServerRecord | undefined> {
  const options = { dataDirectory, port: 0, environment: {}, signal, tell: () => {} };
  const server = findServer(dataDirectory);
  if (server || !supervisorOf(dataDirectory)) return server;
  return waitReady(options, undefined, logSize(dataDirectory));
}

/** The token that the server leaves for this computer's user. */
export function readCliToken(dataDirectory: string): string {
  const path = join(dataDirectory, "cli-token");
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new HavnError(`The command line's token cannot be read: ${path}`, {
      detail:
        (cause as NodeJS.ErrnoException).code === "EACCES"
          ? "It belongs to the user who started the server. Run this as that user, or with sudo."
          : "The server writes it when it starts. Restart it: `havn server stop`, then `havn up`.",
      cause,
    });
  }
}
