import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CollectedSample, sample } from "../sample.ts";

/** Groups that are told of, and how deep they are looked for: services, scopes and containers of systemd lie within. */
const mostGroups = 500;
const deepest = 5;

/**
 * What control groups (version 2) use, under cAdvisor's names; `id` is the group's path. Groups that hold others are told
 * of too, as their sum. Nothing where version 2 is not mounted.
 */
export function collectCgroups(root = "/sys/fs/cgroup"): CollectedSample[] {
  const read = (path: string): string => {
    try {
      return readFileSync(join(root, path), "utf8");
    } catch {
      // A group may end while it is read.
      return "";
    }
  };
  if (read("cgroup.controllers") === "") return [];
  return groupsOf(root).flatMap((id) => groupSamples(id, (file) => read(join(id, file))));
}

function groupsOf(root: string): string[] {
  const found: string[] = [];
  const waiting = [{ path: "/", depth: 0 }];
  for (let next = waiting.shift(); next && found.length < mostGroups; next = waiting.shift()) {
    found.push(next.path);
    if (next.depth === deepest) continue;
    for (const name of foldersOf(join(root, next.path)))
      waiting.push({ path: join(next.path, name), depth: next.depth + 1 });
  }
  return found;
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

function groupSamples(id: string, read: (file: string) => string): CollectedSample[] {
  const samples: CollectedSample[] = [];
  const add = (name: string, value: number | undefined, labels: Record<string, string> = {}) => {
    if (value !== undefined && Number.isFinite(value))
      samples.push(sample(`container_${name}`, value, { id, ...labels }));
  };
  const cpu = pairsOf(read("cpu.stat"));
  const seconds = (field: string) => (cpu.has(field) ? (cpu.get(field) ?? 0) / 1e6 : undefined);
  add("cpu_usage_seconds_total", seconds("usage_usec"), { cpu: "total" });
  add("cpu_user_seconds_total", seconds("user_usec"));
  add("cpu_system_seconds_total", seconds("system_usec"));
  add("cpu_cfs_periods_total", cpu.get("nr_periods"));
  add("cpu_cfs_throttled_periods_total", cpu.get("nr_throttled"));
  add("cpu_cfs_throttled_seconds_total", seconds("throttled_usec"));
  const memory = pairsOf(read("memory.stat"));
  const usage = numberOf(read("memory.current"));
  add("memory_usage_bytes", usage);
  if (usage !== undefined)
    add("memory_working_set_bytes", Math.max(0, usage - (memory.get("inactive_file") ?? 0)));
  add("memory_rss", memory.get("anon"));
  add("memory_cache", memory.get("file"));
  add("memory_swap", numberOf(read("memory.swap.current")));
  add("oom_events_total", pairsOf(read("memory.events")).get("oom_kill"));
  const limit = read("memory.max").trim();
  if (limit !== "") add("spec_memory_limit_bytes", limit === "max" ? 0 : Number(limit));
  add("threads", numberOf(read("pids.current")));
  for (const line of read("io.stat").split("\n")) {
    const [device = "", ...parts] = line.split(" ");
    const io = new Map(parts.map((part) => part.split("=") as [string, string]));
    if (device === "") continue;
    add("fs_reads_bytes_total", Number(io.get("rbytes")), { device });
    add("fs_writes_bytes_total", Number(io.get("wbytes")), { device });
    add("fs_reads_total", Number(io.get("rios")), { device });
    add("fs_writes_total", Number(io.get("wios")), { device });
  }
  return samples;
}

const numberOf = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));

const pairsOf = (text: string): Map<string, number> =>
  new Map(
    text.split("\n").flatMap((line) => {
      const [name, value] = line.split(" ");
      return name && value ? [[name, Number(value)] as const] : [];
    }),
  );
