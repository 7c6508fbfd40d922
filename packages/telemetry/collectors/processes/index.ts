import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ProcessStat, parseProcessStat, ticksASecond } from "@havn/model";
import { type CollectedSample, sample } from "../sample.ts";

/** Names of programs that are told of: those that use most. */
const mostGroups = 50;
/** Names of which it is known what those that ended had used. */
const mostEnded = 1_000;
const pageBytes = 4096;

interface Read extends ProcessStat {
  /** Seconds since the epoch. */
  startedAt: number;
}

interface Group {
  processes: number;
  threads: number;
  user: number;
  system: number;
  minor: number;
  major: number;
  virtual: number;
  resident: number;
  oldest: number;
}

/**
 * How many processes there are in which state (node_exporter's `processes`), and what those of one name use together
 * (process-exporter's namedprocess_namegroup). Processor time of processes that ended stays in the sum of their group.
 */
export function createProcessesCollector(root = "/proc"): { collect(): CollectedSample[] } {
  let before = new Map<string, Read>();
  const ended = new Map<string, { user: number; system: number; minor: number; major: number }>();
  return {
    collect() {
      const boot = Number(/^btime (\d+)/m.exec(readText(join(root, "stat")))?.[1] ?? 0);
      const now = new Map<string, Read>();
      for (const pid of pids(root)) {
        const stat = parseProcessStat(readText(join(root, pid, "stat")));
        if (stat)
          now.set(`${pid} ${stat.started}`, { ...stat, startedAt: boot + stat.started / ticksASecond });
      }
      for (const [key, { name, user, system, minorFaults, majorFaults }] of before) {
        if (now.has(key)) continue;
        const sum = ended.get(name) ?? { user: 0, system: 0, minor: 0, major: 0 };
        sum.user += user;
        sum.system += system;
        sum.minor += minorFaults;
        sum.major += majorFaults;
        // The one that was longest not heard of goes.
        ended.delete(name);
        ended.set(name, sum);
        const [oldest] = ended.keys();
        if (ended.size > mostEnded && oldest !== undefined) ended.delete(oldest);
      }
      before = now;
      return [...stateSamples([...now.values()], root), ...groupSamples([...now.values()], ended)];
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It ended since the folder was read.
    return "";
  }
}

function pids(root: string): string[] {
  try {
    return readdirSync(root).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function stateSamples(all: readonly Read[], root: string): CollectedSample[] {
  const states = new Map<string, number>();
  let threads = 0;
  for (const { state, threads: own } of all) {
    states.set(state, (states.get(state) ?? 0) + 1);
    threads += own;
  }
  const limit = (name: string) => Number(readText(join(root, "sys/kernel", name))) || 0;
  return [
    sample("node_processes_pids", all.length),
    sample("node_processes_threads", threads),
    sample("node_processes_max_processes", limit("pid_max")),
    sample("node_processes_max_threads", limit("threads-max")),
    ...[...states].map(([state, count]) => sample("node_processes_state", count, { state })),
  ];
}

function groupSamples(
  all: readonly Read[],
  ended: ReadonlyMap<string, { user: number; system: number; minor: number; major: number }>,
): CollectedSample[] {
  const groups = new Map<string, Group>();
  for (const read of all) {
    const group = groups.get(read.name) ?? empty();
    groups.set(read.name, group);
    add(group, read);
  }
  for (const [name, { user, system, minor, major }] of ended) {
    const group = groups.get(name) ?? empty();
    groups.set(name, group);
    group.user += user;
    group.system += system;
    group.minor += minor;
    group.major += major;
  }
  // Those that use most by their own name, so that a name that was told of once mostly stays.
  const largest = [...groups].sort(([, a], [, b]) => weight(b) - weight(a));
  return largest.slice(0, mostGroups).flatMap(([groupname, group]) => samplesOf(groupname, group));
}

const weight = ({ user, system, resident }: Group) => user + system + resident / 2 ** 24;

const empty = (): Group => ({
  ...{ processes: 0, threads: 0, user: 0, system: 0, minor: 0, major: 0 },
  ...{ virtual: 0, resident: 0, oldest: 0 },
});

function add(group: Group, own: Read): void {
  group.processes++;
  group.threads += own.threads;
  group.user += own.user;
  group.system += own.system;
  group.minor += own.minorFaults;
  group.major += own.majorFaults;
  group.virtual += own.virtual;
  group.resident += own.resident * pageBytes;
  group.oldest = group.oldest === 0 ? own.startedAt : Math.min(group.oldest, own.startedAt);
}

function samplesOf(groupname: string, group: Group): CollectedSample[] {
  const own = (name: string, value: number, labels: Record<string, string> = {}) =>
    sample(`namedprocess_namegroup_${name}`, value, { groupname, ...labels });
  return [
    own("num_procs", group.processes),
    own("num_threads", group.threads),
    own("cpu_seconds_total", group.user, { mode: "user" }),
    own("cpu_seconds_total", group.system, { mode: "system" }),
    own("minor_page_faults_total", group.minor),
    own("major_page_faults_total", group.major),
    own("memory_bytes", group.resident, { memtype: "resident" }),
    own("memory_bytes", group.virtual, { memtype: "virtual" }),
    own("oldest_start_time_seconds", group.oldest),
  ];
}
