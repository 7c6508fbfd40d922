import { readdir, readFile, stat } from "node:fs/promises";
import type { ProbeOf } from "@havn/model";
import { compilePattern } from "../pattern.ts";
import type { Attempt } from "../probe.ts";

interface Process {
  name: string;
  command: string;
  uid: number;
  residentBytes: number;
}

/** Processes of this host, counted as /proc tells them. */
export async function probeProcess(probe: ProbeOf<"process">): Promise<Attempt> {
  const uid = probe.user === undefined ? undefined : await uidOf(probe.user);
  const isMatch = probe.command === undefined ? undefined : await compilePattern(probe.command);
  return judgeProcesses(probe, await listProcesses(), { uid, isMatch });
}

export function judgeProcesses(
  probe: ProbeOf<"process">,
  processes: readonly Process[],
  {
    uid,
    isMatch,
  }: {
    uid?: number | undefined;
    /** What `probe.command` looks for. */
    isMatch?: ((text: string) => boolean) | undefined;
  } = {},
): Attempt {
  const found = processes.filter(
    (one) =>
      (probe.name === undefined || one.name === probe.name.slice(0, longestName)) &&
      (isMatch === undefined || isMatch(one.command)) &&
      (uid === undefined || one.uid === uid),
  );
  const count = found.length;
  const resident = found.reduce((sum, one) => sum + one.residentBytes, 0);
  const measures = [
    { label: "processes", value: count, unit: "" },
    { label: "resident", value: resident, unit: "B" },
  ];
  const what = probe.name ?? probe.command ?? "processes";
  if (count < probe.least)
    return { state: "critical", output: `${count} of ${what}, fewer than ${probe.least}`, measures };
  if (probe.most !== undefined && count > probe.most)
    return { state: "critical", output: `${count} of ${what}, more than ${probe.most}`, measures };
  return { state: "ok", output: `${count} of ${what}`, measures };
}

/** The kernel keeps no more of a program's name. */
const longestName = 15;
const pageBytes = 4096;

async function listProcesses(): Promise<Process[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(names.map((pid) => readProcess(`/proc/${pid}`).catch(() => undefined)));
  return found.filter((one) => one !== undefined);
}

/** Throws for one that has just ended. */
async function readProcess(folder: string): Promise<Process> {
  const [name, command, memory, about] = await Promise.all([
    readFile(`${folder}/comm`, "utf8"),
    readFile(`${folder}/cmdline`, "utf8"),
    readFile(`${folder}/statm`, "utf8"),
    stat(folder),
  ]);
  return {
    name: name.trimEnd(),
    command: command.replaceAll("\0", " ").trim(),
    uid: about.uid,
    residentBytes: Number(memory.split(" ")[1] ?? 0) * pageBytes,
  };
}

async function uidOf(user: string): Promise<number> {
  if (/^\d+$/.test(user)) return Number(user);
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((one) => one.startsWith(`${user}:`));
  if (!line) throw new Error(`there is no user ${user} here`);
  return Number(line.split(":")[2]);
}
