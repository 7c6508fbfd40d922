import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, parseProcessStat } from "@havn/model";

export interface FoundProcess {
  pid: number;
  command: string;
}

/**
 * Living processes that belong to a data directory: it stands in their arguments, their environment or is (above)
 * their working directory. Sorted by pid. Linux.
 */
export function processesOf(dataDirectory: string): FoundProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: commandOf(Number(name)) }))
    .filter(({ pid, command }) => command !== "" && isAlive(pid) && belongsTo(pid, command, dataDirectory))
    .sort((a, b) => a.pid - b.pid);
}

/** Waits until nothing of a data directory runs any more; throws with what still does. */
export async function allEnded(dataDirectory: string, timeoutMs = 120_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = processesOf(dataDirectory);
    if (left.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`Still running: ${left.map(({ pid, command }) => `\n  ${pid} ${command}`).join("")}`);
    await sleep(50);
  }
}

/** The children of a process. */
export function processesBelow(parent: number): FoundProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === parent)
    .map((name) => ({ pid: Number(name), command: commandOf(Number(name)) }));
}

function parentOf(pid: number): number | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.parent;
  } catch {
    return undefined;
  }
}

/** False also for a process that has ended and only waits for whoever started it to look. */
export function isAlive(pid: number): boolean {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat !== undefined && !hasEnded(stat);
  } catch {
    return false;
  }
}

/** SIGKILL; false where the process has ended already. */
export function kill9(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** Proportional set size of a process in MB: shared pages count by their share. 0 where it has ended. */
export function proportionalMegabytes(pid: number): number {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Time on a processor that a process has used, in seconds. */
export function processorSeconds(pid: number): number {
  const { user = 0, system = 0 } = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? {};
  return user + system;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

function belongsTo(pid: number, command: string, directory: string): boolean {
  if (command.includes("testing/remove.ts")) return false; // the test's own guard
  if (command.includes(directory)) return true;
  try {
    const workingDirectory = readlinkSync(`/proc/${pid}/cwd`);
    if (workingDirectory === directory || workingDirectory.startsWith(`${directory}/`)) return true;
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HAVN_DATA=${directory}`);
  } catch {
    return false;
  }
}
