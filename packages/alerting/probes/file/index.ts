import { stat } from "node:fs/promises";
import { formatDuration, type ProbeOf, parseDuration } from "@havn/model";
import type { Attempt } from "../probe.ts";

/** How old and how large a file is, by its last change. */
export async function probeFile(probe: ProbeOf<"file">): Promise<Attempt> {
  const found = await stat(probe.path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw cause;
  });
  return judgeFile(probe, found && { ageMs: Date.now() - found.mtimeMs, bytes: found.size });
}

export function judgeFile(
  probe: ProbeOf<"file">,
  found: { ageMs: number; bytes: number } | undefined,
): Attempt {
  if (!found)
    return probe.absent
      ? { state: "ok", output: `${probe.path} is not there` }
      : { state: "critical", output: `${probe.path} is not there` };
  if (probe.absent) return { state: "critical", output: `${probe.path} is there` };
  const ageMs = Math.max(0, found.ageMs);
  const measures = [
    { label: "age", value: Math.round(ageMs / 1000), unit: "s" },
    { label: "size", value: found.bytes, unit: "B" },
  ];
  const output = `${probe.path} is ${formatDuration(ageMs - (ageMs % 1000))} old, ${found.bytes} bytes`;
  const older = (limit: string | undefined) => limit !== undefined && ageMs > parseDuration(limit);
  if (probe.smallest !== undefined && found.bytes < probe.smallest)
    return { state: "critical", output: `${output}: less than ${probe.smallest}`, measures };
  if (probe.largest !== undefined && found.bytes > probe.largest)
    return { state: "critical", output: `${output}: more than ${probe.largest}`, measures };
  if (older(probe.criticalAge))
    return { state: "critical", output: `${output}: older than ${probe.criticalAge}`, measures };
  if (older(probe.warnAge))
    return { state: "warning", output: `${output}: older than ${probe.warnAge}`, measures };
  return { state: "ok", output, measures };
}
