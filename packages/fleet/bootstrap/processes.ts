import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { hasEnded, parseProcessStat, systemClock } from "@havn/model";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own words. */
  started: string;
}

/** undefined where no such process runs (a zombie does not). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const started = process.platform === "linux" ? await startTicks(pid) : await startText(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.started === identity.started;
}

/** SIGTERM, and after `graceMs` SIGKILL to its whole process group. Resolves when it is gone. */
export async function stopProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const send = (pid: number, signal: NodeJS.Signals) => {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  if (!(await isRunning(identity))) return;
  send(identity.pid, "SIGTERM");
  for (let waited = 0; waited < graceMs; waited += 25) {
    if (!(await isRunning(identity))) return;
    await systemClock.sleep(25);
  }
  if (await isRunning(identity)) send(-identity.pid, "SIGKILL");
}

async function startTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const own = parseProcessStat(stat ?? "");
  return own === undefined || hasEnded(own) ? undefined : String(own.started);
}

async function startText(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
    const [state = "", ...started] = stdout.trim().split(/\s+/);
    return state.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined; // ps ends with 1 where there is no such process
  }
}
