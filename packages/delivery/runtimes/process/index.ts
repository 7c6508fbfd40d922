import { type ChildProcess, spawn } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, HavnError, parseDuration } from "@havn/model";
import { findJson, writeFileAtomic } from "../../files.ts";
import { findStartTime, isAlive } from "../pids.ts";
import {
  commandOf,
  environmentOf,
  type RunnableInstance,
  type Runtime,
  type RuntimeListener,
} from "../runtime.ts";
import { type Following, followOutput, lastLinesOf } from "./output.ts";

const watchInterval = 300;
const outputInterval = 200;
const outputLimit = 16 * 2 ** 20;
const firstPause = 250;
const longestPause = 30_000;
/** After this long a run counts as good, and the next fall starts with the shortest pause again. */
const goodRun = 30_000;

/** What is known of a process after its agent has gone: enough to find it again, and no other one. */
interface Remembered {
  pid: number;
  startTime: string;
  offset: number;
}

interface Running {
  instance: RunnableInstance;
  pid: number;
  startTime: string;
  startedAt: number;
  stopping: boolean;
  gone: Promise<void>;
}

/**
 * Runs instances as detached processes of their own group that write into files of their own, so that they go on
 * while the agent is away and are found again by pid and start time.
 */
export function createProcessRuntime(options: {
  directory: string;
  clock: Clock;
  listener: RuntimeListener;
}): Runtime {
  const { directory, clock, listener } = options;
  const closing = new AbortController();
  const running = new Map<string, Running>();
  const outputs = new Map<string, Following>();
  /** Instances between a fall and their next start. */
  const pausing = new Map<string, AbortController>();
  const falls = new Map<string, number>();
  const launching = new Map<string, Promise<void>>();
  const logPath = (id: string) => join(directory, `${id}.log`);
  const memoryPath = (id: string) => join(directory, `${id}.process.json`);

  const remember = async (one: Running) => {
    const offset = outputs.get(one.instance.spec.id)?.offset() ?? 0;
    const memory: Remembered = { pid: one.pid, startTime: one.startTime, offset };
    await writeFileAtomic(memoryPath(one.instance.spec.id), JSON.stringify(memory));
  };

  const follow = (id: string, offset: number) => {
    if (outputs.has(id)) return;
    const onLine = (line: string, time: number) => listener.line(id, time, line);
    outputs.set(
      id,
      followOutput({
        path: logPath(id),
        offset,
        clock,
        interval: outputInterval,
        cutAt: outputLimit,
        onLine,
      }),
    );
  };

  const launch = async (instance: RunnableInstance) => {
    const { spec } = instance;
    const child = await spawnDetached(instance, logPath(spec.id));
    const pid = child.pid ?? 0;
    const startTime = (await findStartTime(pid)) ?? "";
    const exit = exitOf(child);
    const one = track(instance, { pid, startTime, startedAt: clock.now() }, exit);
    follow(spec.id, 0);
    await remember(one);
    listener.started(spec.id, pid);
  };

  const track = (
    instance: RunnableInstance,
    found: { pid: number; startTime: string; startedAt: number },
    exit: Promise<Exit>,
  ) => {
    const one: Running = { instance, ...found, stopping: false, gone: Promise.resolve() };
    running.set(instance.spec.id, one);
    one.gone = exit.then((how) => fell(one, how));
    return one;
  };

  const fell = async (one: Running, how: Exit | undefined) => {
    const { id } = one.instance.spec;
    if (how === undefined) return; // the agent lets go
    running.delete(id);
    killGroup(one.pid);
    await outputs.get(id)?.readNow();
    if (one.stopping || closing.signal.aborted) return;
    listener.exited(id, { pid: one.pid, ...how });
    const count = clock.now() - one.startedAt > goodRun ? 0 : (falls.get(id) ?? 0);
    falls.set(id, count + 1);
    void again(one.instance, Math.min(firstPause * 2 ** count, longestPause));
  };

  const again = async (instance: RunnableInstance, pause: number): Promise<void> => {
    const { id } = instance.spec;
    const waiting = new AbortController();
    pausing.set(id, waiting);
    await clock.sleep(pause, AbortSignal.any([waiting.signal, closing.signal]));
    pausing.delete(id);
    if (waiting.signal.aborted || closing.signal.aborted) return;
    const launched = launch(instance);
    launching.set(
      id,
      launched.catch(() => {}),
    );
    try {
      await launched;
    } catch (error) {
      listener.line(id, clock.now(), error instanceof HavnError ? error.detail : String(error));
      void again(instance, Math.min(pause * 2, longestPause));
    } finally {
      launching.delete(id);
    }
  };

  /** Nobody tells when a process that is not our child ends: look. */
  const watchAdopted = async (pid: number, startTime: string): Promise<Exit | undefined> => {
    while (!closing.signal.aborted) {
      if (!(await isAlive(pid, startTime))) return {};
      await clock.sleep(watchInterval, closing.signal);
    }
    return undefined;
  };

  return {
    async start(instance) {
      const { id } = instance.spec;
      if (running.has(id) || pausing.has(id) || (await this.adopt(instance))) return;
      await launch(instance);
    },
    async adopt(instance) {
      const { id } = instance.spec;
      const memory = await findJson<Remembered>(memoryPath(id));
      if (!memory || !(await isAlive(memory.pid, memory.startTime))) return false;
      follow(id, memory.offset);
      const found = { pid: memory.pid, startTime: memory.startTime, startedAt: clock.now() };
      track(instance, found, watchAdopted(memory.pid, memory.startTime) as Promise<Exit>);
      listener.started(id, memory.pid);
      return true;
    },
    async stop({ spec }) {
      await launching.get(spec.id);
      pausing.get(spec.id)?.abort();
      const one = running.get(spec.id);
      if (one) {
        one.stopping = true;
        await end(one, parseDuration(spec.stopGrace), clock);
      }
      await outputs.get(spec.id)?.stop();
      outputs.delete(spec.id);
      falls.delete(spec.id);
      for (const path of [memoryPath(spec.id), logPath(spec.id)]) await rm(path, { force: true });
    },
    async restart({ spec }) {
      const one = running.get(spec.id);
      if (one) await end(one, parseDuration(spec.stopGrace), clock);
    },
    lastLines: ({ spec }, count) => lastLinesOf(logPath(spec.id), count),
    async close() {
      closing.abort();
      for (const output of outputs.values()) await output.stop();
      for (const one of running.values()) await remember(one);
    },
  };
}

interface Exit {
  code?: number | undefined;
  signal?: string | undefined;
}

async function spawnDetached(instance: RunnableInstance, output: string): Promise<ChildProcess> {
  const [program, ...args] = commandOf(instance);
  await using file = await open(output, "a", 0o600);
  const child = spawn(program, args, {
    cwd: instance.directory,
    env: environmentOf(instance),
    detached: true,
    stdio: ["ignore", file.fd, file.fd],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(
        new HavnError(`${instance.spec.id} cannot be started`, {
          detail: `Running "${instance.spec.command[0]}" failed (${(cause as NodeJS.ErrnoException).code}). The command must name a program on the host or "node".`,
          cause,
        }),
      ),
    );
  });
  child.unref();
  return child;
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });

/** SIGTERM to the process alone, as systemd's `KillMode=mixed`; SIGKILL after `grace` to its whole group. */
async function end(one: Running, grace: number, clock: Clock): Promise<void> {
  if (!(await isAlive(one.pid, one.startTime))) return await one.gone;
  signal(one.pid, "SIGTERM");
  const timeout = new AbortController();
  await Promise.race([one.gone, clock.sleep(grace, timeout.signal)]);
  timeout.abort();
  if (await isAlive(one.pid, one.startTime)) {
    killGroup(one.pid);
    signal(one.pid, "SIGKILL");
  }
  await one.gone;
}

/** Children that the process left behind: they hold its port and its files. */
const killGroup = (pid: number) => signal(-pid, "SIGKILL");

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
