import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Something that differs between two processes that had the same number; undefined where there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name in parentheses may hold spaces; field 22 of proc_pid_stat(5) is the start in clock ticks.
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .replaceAll(" ", "_");
  } catch {
    return undefined;
  }
}
