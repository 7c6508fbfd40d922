import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseProcessStat } from "@havn/model";

/** Something that differs between two processes that had the same number; undefined where there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    try {
      return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.started.toString();
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
