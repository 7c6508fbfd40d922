import { cpus, freemem, hostname, loadavg, machine, release, totalmem, type, uptime, version } from "node:os";
import { type CollectedSample, sample } from "../sample.ts";

/** What Node's own view of a computer without /proc gives, under node_exporter's names for macOS. */
export function collectMacos(now: number): CollectedSample[] {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  const labels = {
    ...{ sysname: type(), release: release(), version: version(), machine: machine() },
    ...{ nodename: hostname(), domainname: "" },
  };
  return [
    ...cpus().flatMap(({ times }, index) =>
      (["idle", "nice", "system", "user"] as const).map((mode) => {
        const milliseconds = times[mode === "system" ? "sys" : mode];
        return sample("node_cpu_seconds_total", milliseconds / 1000, { cpu: `${index}`, mode });
      }),
    ),
    sample("node_load1", one),
    sample("node_load5", five),
    sample("node_load15", fifteen),
    sample("node_memory_total_bytes", totalmem()),
    sample("node_memory_free_bytes", freemem()),
    sample("node_boot_time_seconds", Math.round(now / 1000 - uptime())),
    sample("node_time_seconds", now / 1000),
    sample("node_uname_info", 1, labels),
  ];
}
