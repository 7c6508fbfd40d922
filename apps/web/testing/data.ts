import type {
  Alert,
  Apply,
  EnvironmentStatus,
  Event,
  HostStatus,
  InstanceStatus,
  LogRecord,
  Plan,
  Release,
  ResourceGraph,
} from "@havn/model";
import type { DriftedResource, EnvironmentSummary } from "../kit/api.ts";

export interface World {
  environments: EnvironmentSummary[];
  status: EnvironmentStatus;
  graph: ResourceGraph;
  drift: DriftedResource[];
  releases: Release[];
  events: Event[];
  alerts: Alert[];
  logs: LogRecord[];
  apply: Apply;
  /** What the apply was planned from, and what taking it back would do. */
  plan: Plan;
}

const minute = 60_000;
const hour = 60 * minute;
const current = "3f2a9c10b7d4e85f6a1c";
const before = "a81d04c2f96be37d5520";

/** The shop as it looks on a good day, with one hand-edited file and one alert that has just gone. */
export function shopWorld(now: number): World {
  return {
    environments: [
      { environment: "shop", health: "healthy", hosts: 4, services: 1, alerts: 0 },
      { environment: "hello", health: "healthy", hosts: 1, services: 1, alerts: 0 },
    ],
    status: shopStatus(now),
    graph: shopGraph(),
    drift: shopDrift(),
    releases: shopReleases(now),
    events: shopEvents(now),
    alerts: [shopAlert(now, "resolved")],
    logs: shopLogs(now),
    apply: rollbackApply(now),
    plan: shopPlan(now),
  };
}

function host(now: number, name: string, ip: string, more: Partial<HostStatus> = {}): HostStatus {
  return {
    name,
    address: `shop/host/${name}`,
    ip,
    connected: true,
    lastSeen: now - 1800,
    machine: "running",
    driftedResources: 0,
    facts: {
      hostname: name,
      os: { id: "debian", version: "12", name: "Debian GNU/Linux 12 (bookworm)", platform: "linux" },
      kernel: "6.1.0-26-amd64",
      architecture: "x64",
      cpus: 2,
      memoryBytes: 2 * 1024 ** 3,
      addresses: [ip],
      bootId: "7d1c",
      init: "systemd",
      root: true,
      agentVersion: "0.1.0",
    },
    ...more,
  };
}

const instance = (now: number, on: string): InstanceStatus => ({
  id: `shop-${on}-${current.slice(0, 8)}`,
  service: "shop",
  host: on,
  release: current,
  port: 8080,
  health: "healthy",
  pid: 812,
  since: now - 42 * minute,
  restarts: on === "web-2" ? 1 : 0,
});

function shopStatus(now: number): EnvironmentStatus {
  const releases = shopReleases(now);
  const instances = ["web-1", "web-2"].map((name) => instance(now, name));
  return {
    environment: "shop",
    health: "healthy",
    resources: 27,
    hosts: [
      host(now, "lb-1", "10.77.0.11"),
      host(now, "web-1", "10.77.0.12", { driftedResources: 1 }),
      host(now, "web-2", "10.77.0.13"),
      host(now, "db-1", "10.77.0.14"),
    ],
    services: [
      {
        name: "shop",
        address: "shop/service/shop",
        health: "healthy",
        url: "http://10.77.0.11/",
        release: releases[0],
        previousRelease: releases[1],
        instances,
      },
    ],
    balancers: [
      {
        name: "front",
        address: "shop/balancer/front",
        host: "lb-1",
        service: "shop",
        url: "http://10.77.0.11/",
        slots: Array.from({ length: 16 }, (_, index) => ({
          slot: `slot${index + 1}`,
          instance: instances[index]?.id,
          state: index < 2 ? "UP" : "MAINT",
          sessions: index < 2 ? 12 + index : 0,
        })),
      },
    ],
    alerts: [],
    activity: [],
  };
}

function shopGraph(): ResourceGraph {
  const on = (hostName: string, type: string, name: string) => ({
    address: `shop/${type}/${hostName}:${name}`,
    type,
    name: `${hostName}:${name}`,
    host: hostName,
    properties: {},
    dependsOn: [],
  });
  return {
    version: 1,
    environment: "shop",
    resources: [
      ...["lb-1", "web-1", "web-2", "db-1"].flatMap((name) => [
        on(name, "file", "/etc/motd"),
        on(name, "package", "curl"),
        on(name, "systemd.unit", "systemd-timesyncd"),
      ]),
      on("lb-1", "package", "haproxy"),
      on("db-1", "postgres.database", "shop"),
      on("db-1", "package", "postgresql"),
      {
        address: "shop/service/shop",
        type: "service",
        name: "shop",
        properties: { env: { DATABASE_HOST: { $host: "db-1", attribute: "address" } } },
        dependsOn: [],
      },
    ],
  };
}

const shopDrift = (): DriftedResource[] => [
  {
    address: "shop/file/web-1:/etc/motd",
    host: "shop/host/web-1",
    action: "update",
    changes: [
      {
        property: "content",
        diff: "@@ -1,3 +1,3 @@\n Shop web server.\n-Managed by Havn: changes are put back.\n+edited by hand on a Friday\n Questions: ops@example.com\n",
      },
      { property: "mode", before: "0644", after: "0600" },
    ],
  },
];

function shopReleases(now: number): Release[] {
  const release = (id: string, number: number, age: number, changed: string[]): Release => ({
    id,
    number,
    service: "shop",
    createdAt: now - age,
    actor: "user:ingrid",
    changed,
  });
  return [
    release(current, 4, 44 * minute, ["source"]),
    release(before, 3, 5 * hour, ["configuration"]),
    release("51c7e6f0aa12de904b3c", 2, 27 * hour, ["source", "configuration"]),
    release("0bd93e77c15f42a8e6d1", 1, 52 * hour, []),
  ];
}

export function shopAlert(now: number, state: "firing" | "resolved"): Alert {
  return {
    fingerprint: "9c1e",
    rule: "instance-down",
    environment: "shop",
    address: "shop/service/shop",
    state,
    severity: "critical",
    summary: "shop on web-2 does not answer /healthz",
    labels: { host: "web-2", service: "shop" },
    activeSince: now - 38 * minute,
    firingSince: now - 38 * minute,
    ...(state === "resolved" ? { resolvedAt: now - 37.6 * minute } : {}),
  };
}

function shopEvents(now: number): Event[] {
  const written: [number, string, Event["severity"], string, string, Partial<Event>?][] = [
    [
      24_000,
      "drift.found",
      "warning",
      "/etc/motd on web-1 differs from what is declared",
      "agent:web-1",
      { host: "shop/host/web-1", address: "shop/file/web-1:/etc/motd" },
    ],
    [
      37.6 * minute,
      "alert.resolved",
      "info",
      "shop on web-2 answers again",
      "havn",
      { address: "shop/service/shop" },
    ],
    [
      37.7 * minute,
      "instance.healthy",
      "info",
      "shop on web-2 is healthy after one restart",
      "agent:web-2",
      { host: "shop/host/web-2", address: "shop/service/shop" },
    ],
    [
      37.9 * minute,
      "instance.started",
      "info",
      "shop on web-2 was started again",
      "agent:web-2",
      { host: "shop/host/web-2", address: "shop/service/shop" },
    ],
    [
      38 * minute,
      "alert.firing",
      "error",
      "shop on web-2 does not answer /healthz",
      "havn",
      { address: "shop/service/shop" },
    ],
    [
      38.1 * minute,
      "instance.exited",
      "error",
      "shop on web-2 was killed by signal 9",
      "agent:web-2",
      { host: "shop/host/web-2", address: "shop/service/shop" },
    ],
    [
      42 * minute,
      "rollout.finished",
      "info",
      "Release 4 of shop runs on 2 instances, 0 requests lost",
      "user:ingrid",
      { address: "shop/service/shop" },
    ],
    [
      42.4 * minute,
      "rollout.instance",
      "info",
      "shop on web-2 runs release 4",
      "user:ingrid",
      { host: "shop/host/web-2", address: "shop/service/shop" },
    ],
    [
      43 * minute,
      "rollout.instance",
      "info",
      "shop on web-1 runs release 4",
      "user:ingrid",
      { host: "shop/host/web-1", address: "shop/service/shop" },
    ],
    [
      43.6 * minute,
      "rollout.started",
      "info",
      "Rollout of shop to release 4 began",
      "user:ingrid",
      { address: "shop/service/shop" },
    ],
    [
      44 * minute,
      "release.created",
      "info",
      "Release 4 of shop: source changed",
      "user:ingrid",
      { address: "shop/service/shop" },
    ],
    [5 * hour, "apply.finished", "info", "Apply made 3 changes in 14 s", "user:ingrid"],
    [
      26 * hour,
      "host.connected",
      "info",
      "db-1 is connected",
      "agent:db-1",
      { host: "shop/host/db-1", address: "shop/host/db-1" },
    ],
    [
      26.1 * hour,
      "host.lost",
      "warning",
      "db-1 is not connected: no heartbeat for 15 s",
      "havn",
      { host: "shop/host/db-1", address: "shop/host/db-1" },
    ],
    [52 * hour, "apply.finished", "info", "Apply made 27 changes in 96 s", "user:ingrid"],
    [
      52.1 * hour,
      "machine.started",
      "info",
      "Machine web-1 was made from debian-12",
      "havn",
      { host: "shop/host/web-1" },
    ],
  ];
  return written.map(([age, kind, severity, summary, actor, more], index) => ({
    id: 500 - index,
    at: now - age,
    environment: "shop",
    kind,
    severity,
    summary,
    data: {},
    actor,
    ...more,
  }));
}

function shopLogs(now: number): LogRecord[] {
  const bodies: [LogRecord["severity"], string][] = [
    ["info", "GET /products 200 in 8 ms"],
    ["info", "POST /orders 201 in 19 ms, order 48213"],
    ["info", "GET /products/espresso-cups 200 in 6 ms"],
    ["warn", "payment provider answered slowly: 1.8 s, order 48214"],
    ["info", "GET /healthz 200 in 1 ms"],
    ["error", "order 48215: card was declined by the issuer"],
  ];
  return Array.from({ length: 90 }, (_, index) => {
    const [severity, body] = bodies[(index * 7) % bodies.length] ?? ["info", ""];
    return {
      time: `${now - (90 - index) * 1400}000000`,
      environment: "shop",
      host: index % 2 === 0 ? "web-1" : "web-2",
      service: "shop",
      instance: `shop-web-${(index % 2) + 1}-${current.slice(0, 8)}`,
      severity,
      body,
      traceId: "",
      spanId: "",
      attributes: {},
    };
  });
}

export function shopPlan(now: number): Plan {
  return {
    id: "plan-rollback",
    environment: "shop",
    createdAt: now - 10_000,
    changes: [
      {
        address: "shop/service/shop",
        type: "service",
        action: "update",
        changes: [{ property: "release", before: current.slice(0, 8), after: before.slice(0, 8) }],
      },
    ],
    summary: { create: 0, update: 1, replace: 0, delete: 0, "no-op": 0 },
    diagnostics: [],
    missingArtifacts: [],
  };
}

export function rollbackApply(now: number): Apply {
  return {
    id: "apply-rollback",
    environment: "shop",
    kind: "rollback",
    planId: "plan-rollback",
    state: "running",
    actor: "user:ingrid",
    startedAt: now - 9000,
    steps: [
      {
        address: "shop/service/shop",
        action: "update",
        state: "running",
        detail: "web-2: waiting for /healthz",
      },
    ],
  };
}

export function logLine(now: number, body: string): LogRecord {
  return {
    time: `${now}000000`,
    environment: "shop",
    host: "web-1",
    service: "shop",
    instance: "shop-web-1",
    severity: "info",
    body,
    traceId: "",
    spanId: "",
    attributes: {},
  };
}
