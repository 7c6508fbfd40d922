import { defineRoute, type Route } from "@havn/http";
import { systemClock } from "@havn/model";
import { createPromqlEngine } from "@havn/promql";
import { promqlRoutes } from "@havn/promql/http";
import { memoryQuerier } from "@havn/promql/testing";
import { z } from "zod";

const hosts = ["web-1", "web-2", "db-1"];
const every = 15_000;
const count = 480;

/** The engine itself over made-up measurements of three hosts: the hour before `now`, and the next one. */
export function machineMetrics(now: number): Route[] {
  const querier = memoryQuerier();
  const add = (name: string, labels: Record<string, string>, value: (n: number) => number) =>
    querier.add(
      { __name__: name, ...labels },
      Array.from({ length: count }, (_, n) => ({
        timestamp: now - 3_600_000 + n * every,
        value: Math.round(value(n) * 1e6) / 1e6,
      })),
    );
  for (const [seed, host] of hosts.entries()) {
    const on = { instance: `${host}:9100`, job: "node", host };
    const wave = (n: number, shift = 0) =>
      0.5 + 0.3 * Math.sin(n / 23 + seed + shift) + 0.2 * Math.sin(n / 7 + shift);
    add("node_uname_info", { ...on, nodename: host }, () => 1);
    add("node_boot_time_seconds", on, () => now / 1000 - 86_400 * (3 + seed));
    add("node_load1", on, (n) => wave(n) * (1 + seed));
    for (const [mode, share] of Object.entries({ idle: 0.6, user: 0.22, system: 0.12, iowait: 0.06 }))
      add(
        "node_cpu_seconds_total",
        { ...on, cpu: "0", mode },
        sum((n) => 15 * share * wave(n, share * 9)),
      );
    add("node_memory_MemTotal_bytes", on, () => 4 * 1024 ** 3);
    add("node_memory_MemAvailable_bytes", on, (n) => 1024 ** 3 * (1 + wave(n)));
    for (const device of ["eth0", "eth1"]) {
      add(
        "node_network_receive_bytes_total",
        { ...on, device },
        sum((n) => 15e5 * wave(n, device.length)),
      );
      add(
        "node_network_transmit_bytes_total",
        { ...on, device },
        sum((n) => 9e5 * wave(n, 2)),
      );
    }
    for (const mountpoint of ["/", "/var"])
      add(
        "node_filesystem_avail_bytes",
        { ...on, mountpoint, fstype: "ext4" },
        (n) => 1e10 * (1 + seed) - n * 1e6,
      );
    for (const [le, share] of Object.entries({ "0.05": 0.3, "0.1": 0.7, "0.5": 0.95, "+Inf": 1 }))
      add(
        "request_seconds_bucket",
        { ...on, le },
        sum((n) => Math.floor(40 * share * wave(n))),
      );
  }
  const metadata = defineRoute({
    method: "GET",
    path: "/prometheus/api/v1/metadata",
    summary: "what metrics are",
    access: { action: "metric:read" },
    response: z.unknown(),
    handle: () => ({ status: "success", data: {} }),
  });
  const engine = createPromqlEngine({ querier });
  return [metadata, ...promqlRoutes({ engine, querier, clock: systemClock })];
}

/** A counter that grows by so much at each step. */
function sum(step: (n: number) => number): (n: number) => number {
  const totals: number[] = [];
  return (n) => {
    for (let at = totals.length; at <= n; at++) totals.push((totals[at - 1] ?? 0) + step(at));
    return totals[n] ?? 0;
  };
}
