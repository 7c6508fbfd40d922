import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasEnded, parseProcessStat, ticksASecond } from "@havn/model";
import { z } from "zod";

/** What the server writes to <data>/server.json once it listens. */
const serverRecord = z.object({
  pid: z.number().int().positive(),
  supervisorPid: z.number().int().positive().optional(),
  port: z.number().int(),
  agentPort: z.number().int().optional(),
  startedAt: z.number(),
  version: z.string().optional(),
});
export type ServerRecord = z.infer<typeof serverRecord>;

/** The server of this data directory, if it is alive; undefined where there is none or only its old record. */
export function findServer(dataDirectory: string): ServerRecord | undefined {
  const record = readRecord(dataDirectory);
  return record && isOurs(record) ? record : undefined;
}

function readRecord(dataDirectory: string): ServerRecord | undefined {
  try {
    return serverRecord.parse(JSON.parse(readFileSync(join(dataDirectory, "server.json"), "utf8")));
  } catch {
    return undefined;
  }
}

/** A process id may have gone to another program since: what runs under it must be a Havn server, and must have
 *  started before it wrote the record. */
function isOurs({ pid, startedAt }: ServerRecord): boolean {
  const command = commandLine(pid);
  if (command === undefined || !/server[/\\]main\.ts/.test(command)) return false;
  const started = processStart(pid);
  // The kernel's clock ticks and boot time are both rounded, hence the two seconds.
  return started === undefined || (started <= startedAt + 2000 && started >= startedAt - 600_000);
}

export function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === "linux")
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return undefined;
  }
}

/** Milliseconds since the epoch; undefined where the system does not tell. See proc_pid_stat(5), field 22. */
function processStart(pid: number): number | undefined {
  try {
    const ticks = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.started;
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    const started = (boot + Number(ticks) / ticksASecond) * 1000;
    return Number.isFinite(started) ? started : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Ended, and only waits for whoever started it to look. */
function isZombie(pid: number): boolean {
  try {
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat !== undefined && hasEnded(stat);
  } catch {
    return false;
  }
}
