import { readdirSync } from "node:fs";
import type { OutboxStats } from "../agent/outbox.ts";
import { type CollectedSample, sample } from "./sample.ts";

/** The agent on itself, under the names of Prometheus' client libraries. */
export function collectProcess(stats: OutboxStats): CollectedSample[] {
  const { user, system } = process.cpuUsage();
  return [
    sample("process_cpu_seconds_total", (user + system) / 1e6),
    sample("process_resident_memory_bytes", process.memoryUsage.rss()),
    sample("process_start_time_seconds", startedAt),
    ...openFiles(),
    sample("havn_agent_spool_bytes", stats.waitingBytes),
    sample("havn_agent_spool_batches", stats.waitingBatches),
    sample("havn_agent_spool_dropped_total", stats.droppedRows.samples, { kind: "samples" }),
    sample("havn_agent_spool_dropped_total", stats.droppedRows.logs, { kind: "logs" }),
    sample("havn_agent_pushed_batches_total", stats.pushedBatches),
  ];
}

const startedAt = Math.round(performance.timeOrigin) / 1000;

function openFiles(): CollectedSample[] {
  if (process.platform !== "linux") return [];
  // Reading the folder opens it: one less.
  return [sample("process_open_fds", readdirSync("/proc/self/fd").length - 1)];
}
