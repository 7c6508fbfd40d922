import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * When a process started, in a form that only equals itself: a pid comes back for another process, a pid with its
 * start time does not. Undefined for one that is gone, or is a zombie. Linux: field 22 of /proc/pid/stat (proc(5));
 * elsewhere `ps`.
 */
export async function findStartTime(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return await askPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  // The second field is the program's name in brackets and may itself hold blanks and brackets.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

async function askPs(pid: number): Promise<string | undefined> {
  const ps = promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]).catch(() => undefined);
  const line = (await ps)?.stdout.trim();
  return line && !line.startsWith("Z") ? line.split(/\s+/).slice(1).join(" ") : undefined;
}

export const isAlive = async (pid: number, startTime: string): Promise<boolean> =>
  (await findStartTime(pid)) === startTime;
