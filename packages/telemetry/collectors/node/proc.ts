import { type CollectedSample, sample } from "../sample.ts";

/** The kernel counts processor time for programs in hundredths of a second, whatever its own tick (proc(5)). */
const ticksPerSecond = 100;
const cpuModes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;

const singles: Record<string, string> = {
  btime: "node_boot_time_seconds",
  ctxt: "node_context_switches_total",
  processes: "node_forks_total",
  intr: "node_intr_total",
  procs_running: "node_procs_running",
  procs_blocked: "node_procs_blocked",
};

/** /proc/stat */
export function stat(text: string): CollectedSample[] {
  const samples: CollectedSample[] = [];
  for (const line of text.split("\n")) {
    const [key = "", ...values] = line.split(/\s+/);
    const cpu = /^cpu(\d+)$/.exec(key)?.[1];
    const single = singles[key];
    if (single) samples.push(sample(single, Number(values[0])));
    if (cpu === undefined) continue;
    const seconds = (at: number) => Number(values[at] ?? 0) / ticksPerSecond;
    for (const [at, mode] of cpuModes.entries())
      samples.push(sample("node_cpu_seconds_total", seconds(at), { cpu, mode }));
    samples.push(sample("node_cpu_guest_seconds_total", seconds(8), { cpu, mode: "user" }));
    samples.push(sample("node_cpu_guest_seconds_total", seconds(9), { cpu, mode: "nice" }));
  }
  return samples;
}

/** /proc/meminfo: `Active(anon):  12 kB` is node_memory_Active_anon_bytes. */
export function memory(text: string): CollectedSample[] {
  return [...text.matchAll(/^([^:\s]+):\s+(\d+)( kB)?$/gm)].map(([, name = "", value, unit]) => {
    const key = name.replace(/\((.*)\)/, "_$1");
    return unit
      ? sample(`node_memory_${key}_bytes`, Number(value) * 1024)
      : sample(`node_memory_${key}`, Number(value));
  });
}

/** /proc/loadavg */
export function loadAverage(text: string): CollectedSample[] {
  if (text === "") return [];
  const [one, five, fifteen] = text.split(" ").map(Number);
  return [
    sample("node_load1", one ?? 0),
    sample("node_load5", five ?? 0),
    sample("node_load15", fifteen ?? 0),
  ];
}

/** /proc/sys/fs/file-nr: allocated, free (always 0), maximum. */
export function fileHandles(text: string): CollectedSample[] {
  if (text === "") return [];
  const [allocated, , maximum] = text.trim().split(/\s+/).map(Number);
  return [sample("node_filefd_allocated", allocated ?? 0), sample("node_filefd_maximum", maximum ?? 0)];
}

/** /proc/vmstat, the fields that node_exporter takes. */
export function vmstat(text: string): CollectedSample[] {
  return [...text.matchAll(/^((?:oom_kill|pgpg|pswp|pg.*fault)\S*) (\d+)$/gm)].map(([, name, value]) =>
    sample(`node_vmstat_${name}`, Number(value)),
  );
}

/** /proc/pressure/<resource>: microseconds in which some, or all, tasks waited. */
export function pressure(resource: string, text: string): CollectedSample[] {
  const seconds = (kind: string) => {
    const found = new RegExp(`^${kind} .*total=(\\d+)$`, "m").exec(text)?.[1];
    return found === undefined ? undefined : Number(found) / 1e6;
  };
  const [waiting, stalled] = [seconds("some"), seconds("full")];
  const samples: CollectedSample[] = [];
  if (waiting !== undefined) samples.push(sample(`node_pressure_${resource}_waiting_seconds_total`, waiting));
  // All tasks at once cannot wait for a processor; the kernel shows the line for uniformity only.
  if (stalled !== undefined && resource !== "cpu")
    samples.push(sample(`node_pressure_${resource}_stalled_seconds_total`, stalled));
  return samples;
}
