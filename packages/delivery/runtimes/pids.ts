import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { hasEnded, parseProcessStat } from "@havn/model";

/**
 * When a process started, in a form that only equals itself: a pid comes back for another process, a pid with its
 * start time does not. Undefined for one that is gone, or is a zombie. Linux: field 22 of /proc/pid/stat (proc(5));
 * elsewhere `ps`.
 */
export async function findStartTime(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return await askPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  const own = parseProcessStat(stat ?? "");
  return own === undefined || hasEnded(own) ? undefined : String(own.started);
}

async function askPs(pid: number): Promise<string | undefined> {
  const ps = promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]).catch(() => undefined);
  const line = (await ps)?.stdout.trim();
  return line && !line.startsWith("Z") ? line.split(/\s+/).slice(1).join(" ") : undefined;
}

export const isAlive = async (pid: number, startTime: string): Promise<boolean> =>
  (await findStartTime(pid)) === startTime;
