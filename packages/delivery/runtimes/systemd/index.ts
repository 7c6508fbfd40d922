import { execFile } from "node:child_process";
import { readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Clock, HavnError } from "@havn/model";
import { writeFileAtomic } from "../../files.ts";
import { findStartTime, isAlive } from "../pids.ts";
import { commandOf, type RunnableInstance, type Runtime, type RuntimeListener } from "../runtime.ts";
import { environmentFile, instanceUnit, unitName } from "./unit.ts";

const run = promisify(execFile);
const watchInterval = 300;

interface Watched {
  instance: RunnableInstance;
  pid: number;
  startTime: string;
  stopping: AbortController;
  ended: Promise<void>;
}

/**
 * Runs instances as systemd units: systemd starts them again, at boot too, whether the agent is there or not. The
 * agent looks at the main process in /proc (a file read each 300 ms) and asks systemd only when that has changed.
 */
export function createSystemdRuntime(options: {
  /** For the environment files and how processes ended. */
  directory: string;
  clock: Clock;
  listener: RuntimeListener;
  unitDirectory?: string;
}): Runtime {
  const { directory, clock, listener, unitDirectory = "/etc/systemd/system" } = options;
  const watched = new Map<string, Watched>();
  const files = (id: string) => ({
    unit: join(unitDirectory, unitName(id)),
    env: join(directory, `${id}.env`),
    exits: join(directory, `${id}.exits`),
  });

  const watch = async (instance: RunnableInstance, pid: number) => {
    const { id } = instance.spec;
    const startTime = (await findStartTime(pid)) ?? "";
    const one: Watched = {
      instance,
      pid,
      startTime,
      stopping: new AbortController(),
      ended: Promise.resolve(),
    };
    watched.set(id, one);
    listener.started(id, pid);
    one.ended = look(one);
  };

  const look = async (one: Watched): Promise<void> => {
    const { id } = one.instance.spec;
    const { signal } = one.stopping;
    while (!signal.aborted) {
      await clock.sleep(watchInterval, signal);
      if (signal.aborted || (await isAlive(one.pid, one.startTime))) continue;
      const exit = await readExit(files(id).exits, clock);
      if (signal.aborted) return;
      listener.exited(id, { pid: one.pid, ...exit });
      for (let next = 0; !signal.aborted; await clock.sleep(watchInterval, signal)) {
        next = await mainPid(id).catch(() => 0);
        if (next === 0 || next === one.pid) continue;
        one.pid = next;
        one.startTime = (await findStartTime(next)) ?? "";
        listener.started(id, next);
        break;
      }
    }
  };

  const leave = async (id: string) => {
    const one = watched.get(id);
    watched.delete(id);
    one?.stopping.abort();
    await one?.ended;
  };

  return {
    async start(instance) {
      const { spec } = instance;
      if (watched.has(spec.id)) return;
      for (const path of [instance.directory, commandOf(instance)[0]]) await requireReadable(path);
      const { unit, env, exits } = files(spec.id);
      await writeFileAtomic(env, environmentFile(instance));
      const text = instanceUnit(instance, { env, exits });
      const before = await readFile(unit, "utf8").catch(() => "");
      if (before !== text) {
        await writeFileAtomic(unit, text, 0o644);
        await systemctl("daemon-reload");
      }
      await systemctl("enable", unitName(spec.id));
      await systemctl("start", unitName(spec.id));
      await watch(instance, await mainPid(spec.id));
    },
    async adopt(instance) {
      const { id } = instance.spec;
      if (watched.has(id)) return true;
      if (!(await stat(files(id).unit).catch(() => undefined))) return false;
      const pid = await mainPid(id).catch(() => 0);
      if (pid === 0) return false;
      await watch(instance, pid);
      return true;
    },
    async stop({ spec }) {
      await leave(spec.id);
      const { unit, env, exits } = files(spec.id);
      if (await stat(unit).catch(() => undefined)) {
        await systemctl("disable", "--now", unitName(spec.id));
        await rm(unit, { force: true });
        await systemctl("daemon-reload");
        // Says so if there is nothing to reset: a unit that never failed.
        await systemctl("reset-failed", unitName(spec.id)).catch(() => {});
      }
      for (const path of [env, exits]) await rm(path, { force: true });
    },
    restart: ({ spec }) => systemctl("restart", unitName(spec.id)),
    async lastLines({ spec }, count) {
      const { stdout } = await run("journalctl", [
        ...["--unit", unitName(spec.id), "--lines", String(count), "--output", "cat", "--no-pager"],
      ]).catch(() => ({ stdout: "" }));
      return stdout.split("\n").filter((line) => line !== "");
    },
    async close() {
      for (const id of [...watched.keys()]) await leave(id);
    },
  };
}

async function systemctl(...args: string[]): Promise<void> {
  try {
    await run("systemctl", args);
  } catch (cause) {
    throw new HavnError(`systemctl ${args.join(" ")} failed`, {
      detail: (cause as { stderr?: string }).stderr?.trim() || String(cause),
      cause,
    });
  }
}

/** 0 while no process of the unit runs. */
async function mainPid(id: string): Promise<number> {
  const { stdout } = await run("systemctl", ["show", "--property", "MainPID", "--value", unitName(id)]);
  return Number(stdout.trim());
}

/** `exited 1`, `killed KILL`: the last line that the unit's ExecStopPost wrote, which may come a moment after. */
async function readExit(
  path: string,
  clock: Clock,
): Promise<{ code?: number | undefined; signal?: string | undefined }> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const line = (await readFile(path, "utf8").catch(() => "")).trim().split("\n").at(-1) ?? "";
    const [kind, status = ""] = line.split(" ");
    if (kind) {
      await rm(path, { force: true });
      return kind === "exited" ? { code: Number(status) } : { signal: `SIG${status}` };
    }
    await clock.sleep(50);
  }
  return {};
}

/** The unit's user is nobody in particular: every folder on the way must let others through. */
async function requireReadable(path: string): Promise<void> {
  if (!path.startsWith("/")) return;
  for (let at = path; at !== "/"; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found)
      throw new HavnError(`${path} is not there`, {
        detail: 'The command must name a program on the host or "node".',
      });
    if ((found.mode & 0o001) === 0 && (found.isDirectory() || at === path))
      throw new HavnError(`${path} cannot be used by a service`, {
        detail: `${at} is closed to other users, and services run as users of their own. Run: chmod o+x ${at}`,
      });
  }
}
