import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HavnError } from "@havn/model";

const childPath = fileURLToPath(new URL("./child.ts", import.meta.url));
const startLimitMs = 60_000;
const firstBackOffMs = 100;
const longestBackOffMs = 10_000;

export interface SupervisedChild extends AsyncDisposable {
  readonly socketPath: string;
  readonly pid: number | undefined;
  /** Resolves with the running child's generation, or throws a retryable HavnError after `waitMs`. */
  ready(waitMs: number): Promise<number>;
  /** Resolves once this generation is known to be dead, or after two seconds: its connections break a little earlier. */
  lost(generation: number): Promise<void>;
  /** Makes sure that nothing which was sent to this generation is still running. */
  retire(generation: number): Promise<void>;
}

/** Keeps one child on `dataDirectory`; a child that dies is started again, ever more slowly while it keeps dying. */
export async function superviseChild(options: {
  dataDirectory: string;
  memoryLimitBytes: number;
}): Promise<SupervisedChild> {
  mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
  const run = runDirectory(options.dataDirectory);
  const socketPath = join(run.path, "http.sock");
  const pidPath = join(options.dataDirectory, "child.pid");
  killStaleChild(pidPath);

  let child: ChildProcess | undefined;
  let generation = 0;
  let isReady = false;
  let stopping = false;
  let backOffMs = firstBackOffMs;
  let lastWords = "";
  let restart: NodeJS.Timeout | undefined;
  const waiters = new Set<() => void>();

  function start(): void {
    if (stopping) return;
    generation++;
    lastWords = "";
    const started = fork(
      childPath,
      [socketPath, join(options.dataDirectory, "data"), String(options.memoryLimitBytes)],
      {
        stdio: ["ignore", "ignore", "pipe", "ipc"],
        // Its own objects are few and short-lived; rows are never among them.
        execArgv: ["--max-semi-space-size=1"],
        env: {
          ...{ PATH: process.env.PATH, TZ: "UTC", HOME: options.dataDirectory },
          // One thread a connection of the child's pools, and some for files.
          UV_THREADPOOL_SIZE: "10",
          // What an insert or a merge is done with goes back to the system soon, not after five seconds: a fifth less is held.
          JE_MALLOC_CONF: "dirty_decay_ms:200,muzzy_decay_ms:0",
        },
      },
    );
    child = started;
    if (started.pid !== undefined) writeFileSync(pidPath, String(started.pid));
    started.stderr?.on("data", (data) => {
      lastWords = (lastWords + data).slice(-2000);
    });
    const tooSlow = setTimeout(() => started.kill("SIGKILL"), startLimitMs);
    started.once("message", () => {
      clearTimeout(tooSlow);
      isReady = true;
      backOffMs = firstBackOffMs;
      for (const wake of waiters) wake();
    });
    started.once("error", (error) => {
      lastWords += error.message;
    });
    started.once("exit", () => {
      clearTimeout(tooSlow);
      isReady = false;
      child = undefined;
      if (stopping) return;
      restart = setTimeout(start, backOffMs);
      backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
    });
  }

  async function ready(waitMs: number): Promise<number> {
    if (!isReady && !stopping)
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        waiters.add(done);
      });
    if (isReady) return generation;
    throw new HavnError("The embedded ClickHouse is not running", {
      status: 503,
      retryable: true,
      detail: stopping
        ? "It was closed."
        : `It is being started again. ${lastWords.trim().split("\n").at(-1) ?? ""} Data: ${options.dataDirectory}.`,
    });
  }

  start();
  const supervised: SupervisedChild = {
    socketPath,
    get pid() {
      return child?.pid;
    },
    ready,
    async lost(old) {
      if (generation !== old || !isReady || !child) return;
      await once(child, "exit", { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    },
    async retire(old) {
      if (generation !== old || !child) return;
      const dying = child;
      isReady = false;
      const closed = once(dying, "exit");
      dying.kill("SIGKILL");
      await closed;
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      clearTimeout(restart);
      for (const wake of waiters) wake();
      if (child) {
        const ending = child;
        const closed = once(ending, "exit");
        ending.kill("SIGTERM");
        const tooSlow = setTimeout(() => ending.kill("SIGKILL"), 10_000);
        await closed;
        clearTimeout(tooSlow);
      }
      rmSync(pidPath, { force: true });
      rmSync(run.temporary ? run.path : socketPath, { recursive: true, force: true });
    },
  };
  try {
    await ready(startLimitMs);
  } catch (error) {
    await supervised[Symbol.asyncDispose]();
    throw error;
  }
  return supervised;
}

/** The socket's folder: beside the data, or in /tmp where that path is too long for a socket's name. */
function runDirectory(dataDirectory: string): { path: string; temporary: boolean } {
  const beside = join(dataDirectory, "run");
  if (Buffer.byteLength(join(beside, "http.sock")) >= 100)
    return { path: mkdtempSync("/tmp/havn-clickhouse-"), temporary: true };
  mkdirSync(beside, { recursive: true });
  chmodSync(beside, 0o700);
  return { path: beside, temporary: false };
}

/** A child outlives a killed parent by an instant at most; one that hangs would hold the data directory's lock. */
function killStaleChild(pidPath: string): void {
  let pid: number;
  try {
    pid = Number(readFileSync(pidPath, "utf8"));
    // Only ours: the number may belong to another program by now.
    if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(childPath)) return;
  } catch {
    return;
  }
  if (pid > 1) process.kill(pid, "SIGKILL");
}
