import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HavnError, hasEnded, type MachineProperties, parseProcessStat, systemClock } from "@havn/model";
import { findText } from "./files.ts";
import { run } from "./run.ts";

/**
 * A machine's processes are found in the process table by its folder, not by a recorded process id: the table cannot
 * be stale, whoever was killed while writing something down.
 */
interface Process {
  pid: number;
  parent: number;
  /** Ticks since boot at its start: with the pid it names one process for ever. */
  started: string;
}

/** The process that runs the machine whose root folder is given: systemd-nspawn, or the shell that becomes it. */
export async function findRunner(root: string): Promise<number | undefined> {
  const argument = `--directory=${root}`;
  const found: Process[] = [];
  for (const one of await readProcesses()) {
    const argv = ((await findText(`/proc/${one.pid}/cmdline`).catch(() => "")) ?? "").split("\0");
    const runs = /(^|\/)(systemd-nspawn|unshare|sh)$/.test(argv[0] ?? "");
    if (runs && argv.includes(argument)) found.push(one);
  }
  const pids = new Set(found.map(({ pid }) => pid));
  return found.find(({ parent }) => !pids.has(parent))?.pid;
}

async function readProcesses(): Promise<Process[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(names.map((name) => findProcess(Number(name))));
  return all.filter((one) => one !== undefined);
}

/** Undefined for one that is gone, or dead and only not yet collected by its parent. */
export async function findProcess(pid: number): Promise<Process | undefined> {
  const stat = parseProcessStat((await findText(`/proc/${pid}/stat`)) ?? "");
  if (!stat || hasEnded(stat)) return undefined;
  return { pid, parent: stat.parent, started: String(stat.started) };
}

/** Ends a machine at once, as a power cut does, and waits until none of its processes is left. */
export async function killMachine(root: string, id: string): Promise<void> {
  const deadline = systemClock.now() + 15_000;
  for (;;) {
    const runner = await findRunner(root);
    const pids = new Set([...(await membersOf(id)), ...(runner ? await treeOf(runner) : [])]);
    if (pids.size === 0) return;
    if (systemClock.now() > deadline)
      throw new HavnError(`Processes of a machine do not end: ${[...pids].join(", ")}`, {
        detail: `They run below ${root}. Look at what they wait for (ps -o pid,stat,wchan,cmd) and try again.`,
        retryable: true,
      });
    // The runner goes last: it collects the others' ends, and mostly ends by itself then.
    if (runner && pids.size > 1) pids.delete(runner);
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    await systemClock.sleep(10);
  }
}

/** Asks a machine to power off and waits until it has; false when it still runs after `timeoutMs`. */
export async function powerOff(root: string, timeoutMs: number): Promise<boolean> {
  const runner = await findRunner(root);
  if (!runner) return true;
  signalProcess(runner, "SIGTERM"); // systemd-nspawn passes it on as its --kill-signal
  const deadline = systemClock.now() + timeoutMs;
  while (await findProcess(runner)) {
    if (systemClock.now() > deadline) return false;
    await systemClock.sleep(20);
  }
  return true;
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function treeOf(root: number): Promise<number[]> {
  const all = await readProcesses();
  const tree = [root];
  for (const parent of tree) for (const one of all) if (one.parent === parent) tree.push(one.pid);
  return tree;
}

// -- control groups -------------------------------------------------------------------------------------------------

const mountPoint = "/sys/fs/cgroup";

/** Version 2 alone has one hierarchy; before it, each of these is one, and each is optional. */
async function hierarchies(): Promise<string[]> {
  const names = await readdir(mountPoint).catch((): string[] => []);
  if (names.includes("cgroup.controllers")) return [mountPoint];
  return ["systemd", "unified", "memory", "cpu"]
    .filter((name) => names.includes(name))
    .map((name) => join(mountPoint, name));
}

const groupsOf = async (id: string) => (await hierarchies()).map((hierarchy) => join(hierarchy, "havn", id));

/**
 * Makes the machine's control groups and returns those that a process can be put into. Where this computer does not
 * let us (an unprivileged container), the machine shares our own group and has no limits.
 */
export async function makeGroups(id: string, limits: MachineProperties): Promise<string[]> {
  const groups: string[] = [];
  for (const group of await groupsOf(id)) {
    const made = await mkdir(group, { recursive: true }).then(
      () => true,
      () => false,
    );
    if (made) groups.push(group);
  }
  if (groups[0]?.startsWith(join(mountPoint, "havn")))
    for (const parent of [mountPoint, join(mountPoint, "havn")])
      await attempt(join(parent, "cgroup.subtree_control"), "+cpu +memory +pids");
  await writeLimits(id, limits);
  return groups;
}

/** Sets the limits of a machine, running or about to; a limit that is not given is lifted. */
export async function writeLimits(id: string, limits: MachineProperties): Promise<void> {
  const bytes = memoryBytes(limits.memory);
  const quota = limits.cpus === undefined ? undefined : Math.round(limits.cpus * 100_000);
  const settings: Record<string, string> = {
    "memory.max": bytes === undefined ? "max" : String(bytes),
    "memory.limit_in_bytes": String(bytes ?? -1),
    "cpu.max": `${quota ?? "max"} 100000`,
    "cpu.cfs_quota_us": String(quota ?? -1),
  };
  for (const group of await groupsOf(id)) {
    const files = await readdir(group).catch((): string[] => []);
    for (const [file, value] of Object.entries(settings))
      if (files.includes(file)) await attempt(join(group, file), value);
  }
}

export function memoryBytes(memory: string | undefined): number | undefined {
  if (memory === undefined) return undefined;
  return Number.parseInt(memory, 10) * (memory.endsWith("G") ? 2 ** 30 : 2 ** 20);
}

const attempt = (path: string, value: string) => writeFile(path, value).catch(() => {});

async function membersOf(id: string): Promise<number[]> {
  const pids: number[] = [];
  for (const group of await groupsOf(id))
    for (const folder of await foldersOf(group)) {
      const members = await readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "");
      pids.push(...members.split("\n").filter(Boolean).map(Number));
    }
  return pids;
}

/** The group and all below it, deepest last. */
async function foldersOf(group: string): Promise<string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => foldersOf(join(group, entry.name)));
  return [group, ...(await Promise.all(below)).flat()];
}

/** Removes the control groups of a machine that does not run; the kernel may need a moment after its last process. */
export async function removeGroups(id: string): Promise<void> {
  for (const group of await groupsOf(id)) {
    for (let attempts = 0; attempts < 100; attempts++) {
      const folders = await foldersOf(group);
      if (folders.length === 0) break;
      for (const folder of folders.reverse()) await rmdir(folder).catch(() => {});
      if (attempts > 0) await systemClock.sleep(20);
    }
    await rmdir(join(group, "..")).catch(() => {}); // other machines may still have theirs in it
  }
}

// -- where this computer is itself run by systemd, a machine is a unit of it ------------------------------------------

export const unitOf = (id: string) => `havn-machine-${id}.service`;

export const unitProperties = (limits: MachineProperties): string[] => [
  `MemoryMax=${memoryBytes(limits.memory) ?? "infinity"}`,
  `CPUQuota=${limits.cpus === undefined ? "" : `${Math.round(limits.cpus * 100)}%`}`,
];

export const setUnitLimits = (id: string, limits: MachineProperties) =>
  run("systemctl", ["set-property", "--runtime", unitOf(id), ...unitProperties(limits)]);
