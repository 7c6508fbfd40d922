import { EventEmitter } from "node:events";
import { join } from "node:path";
import type { Route } from "@havn/http";
import { type Clock, type Facts, type HostStatus, repeat, type Timeline } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import { createBootstrap } from "./bootstrap/bootstrap.ts";
import { type CertificateAuthority, openCertificateAuthority } from "./ca/ca.ts";
import { createEnrolment, type Enrolment } from "./enrolment/enrolment.ts";
import type { ResourceExecutor } from "./executors/executor.ts";
import { createHostExecutor } from "./executors/host.ts";
import { createMachineExecutor } from "./executors/machine.ts";
import { type Connections, createConnections } from "./gateway/connections.ts";
import { type AgentWork, createRequests } from "./gateway/requests.ts";
import { createGatewayListener, type GatewayListener } from "./gateway/server.ts";
import { createHostClient, type Resolve } from "./hosts/client.ts";
import { createDesired, type Desired } from "./hosts/desired.ts";
import { openRoster } from "./hosts/roster.ts";
import { createHostStates, describeError } from "./hosts/states.ts";
import { createMachines } from "./machines/machines.ts";
import type { MachineProvider } from "./machines/provider.ts";
import { createMaintenance, type Maintenance } from "./maintenance/maintenance.ts";
import { maintenanceRoutes } from "./maintenance/routes.ts";
import type { HostClient, HostReport } from "./protocol/index.ts";
import { runRoutes } from "./runs/routes.ts";
import { createRuns, type Runs } from "./runs/runs.ts";
import * as store from "./store.ts";

export type { AgentWork } from "./gateway/requests.ts";
export type { Desired, DesiredSection } from "./hosts/desired.ts";
export type { MachineAccess, MachineName, MachineProvider, MachineState } from "./machines/provider.ts";

/** `host` is the address of the host resource everywhere. */
export interface FleetEvents {
  /** The agent has said hello; its first report has been taken. */
  connected: [host: string, facts: Facts];
  lost: [host: string, reason: string];
  /** The host is no longer declared, and nothing of it is left. */
  removed: [host: string];
  report: [host: string, report: HostReport];
  /** Maintenance was begun, ended, declared or removed. */
  maintenance: [];
  telemetry: [host: string, batch: { kind: "samples" | "logs"; rows: number; bytes: number }];
}

export interface FleetOptions {
  /** Throws a HavnError (400) for a matcher of alerts that cannot be read. */
  checkMatcher?(text: string): void;
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  dataDirectory: string;
  resolve: Resolve;
  handlers: AgentWork;
  /** Everything secret in an environment, which no run records or shows. */
  secretValues?: (environment: string) => Promise<string[]>;
  /** The agent's main file, and the Node binary that runs it on hosts. */
  agent: { entry: string; nodeBinary: string };
  machineProvider?: MachineProvider | undefined;
  log?: (message: string) => void;
}

export interface Fleet extends AsyncDisposable {
  hosts: HostClient & {
    isConnected(host: string): boolean;
    waitConnected(host: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;
    /** Resolves when every host of the environment that is likely to be back in a moment is, or has been given up. */
    waitExpected(environment: string): Promise<void>;
  };
  desired: Desired;
  /** Ciphertexts of the repository that references in what hosts shall be carry, by their names (`sealed`). */
  sealedInUse(): Promise<string[]>;
  /** What the agent said last; undefined while it is not connected. */
  report(host: string): HostReport | undefined;
  status(environment: string): Promise<HostStatus[]>;
  hostAddress(host: string): string | undefined;
  /** What keeps instances running there. */
  runtimeOf(host: string): "process" | "systemd";
  events: EventEmitter<FleetEvents>;
  ca: CertificateAuthority;
  enrolment: Enrolment;
  gateway: GatewayListener;
  maintenance: Maintenance;
  /** Commands and copies that people ask for. */
  runs: Runs;
  routes: Route[];
  /** Types `machine`, `host` and `maintenance`. */
  executors: ResourceExecutor[];
  /**
   * After `gateway.listen`: takes up machines and this computer's agents as recorded and keeps them up. Hosts that were
   * connected when the control plane stopped have 15 s to come back before they count as lost.
   */
  start(): Promise<void>;
  /** Stops what was started on this computer (machines, agents and what they run) and keeps everything for `start`. */
  standDown(tell?: (detail: string) => void): Promise<void>;
}

const startGraceMs = 15_000;
const lookAfterAgentsMs = 5000;

/** Hosts and their agents: enrolment, connections, what each host shall be, and the machines that hosts live in. */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { sql, clock, timeline, dataDirectory, resolve, handlers } = options;
  const log = options.log ?? ((message) => process.stderr.write(`fleet: ${message}\n`));
  await migrate(sql, "fleet", new URL("./migrations/", import.meta.url));
  const roster = await openRoster(sql);
  const ca = await openCertificateAuthority(join(dataDirectory, "ca"), clock);
  const enrolment = createEnrolment({ sql, clock, timeline, ca });
  const events = new EventEmitter<FleetEvents>();
  const reports = new Map<string, HostReport>();
  const states = createHostStates({ sql, clock, timeline, log });

  // A listener that throws must not take a connection along.
  function emit<E extends keyof FleetEvents>(...event: [E, ...FleetEvents[E]]): void {
    try {
      (events.emit as (...event: unknown[]) => boolean).apply(events, event);
    } catch (error) {
      log(`a listener of ${event[0]} failed: ${describeError(error)}`);
    }
  }

  const connections: Connections = createConnections({
    clock,
    requests: (host) =>
      createRequests({ host, timeline, enrolment, ca, resolve, handlers, runs: runs.agents, emit }),
    desiredRevision: async (host) => (await store.findDesired(sql, host))?.revision ?? 0,
    listener: {
      connected(connection, facts, report) {
        const { host } = connection;
        states.connected(connection, facts);
        reports.set(host, report);
        emit("connected", host, facts);
        emit("report", host, report);
        desired.reported(host, report.revision);
      },
      report({ host }, report) {
        reports.set(host, report);
        emit("report", host, report);
        desired.reported(host, report.revision);
      },
      lost(host, connectionId, reason) {
        // What is stopped on purpose is not lost: nobody is told, and nothing is done about it.
        if (standingDown) return;
        reports.delete(host);
        desired.forget(host);
        states.lost(host, connectionId, reason);
        emit("lost", host, reason);
      },
    },
  });
  const desired = createDesired({ sql, connections, resolve, log });
  const client = createHostClient(connections, resolve);
  const runs = createRuns({
    ...{ sql, clock, timeline, dataDirectory, roster, client },
    isThere: (host) => connections.find(host) !== undefined || connections.isExpected(host),
    secretValues: options.secretValues ?? (async () => []),
  });
  const gateway = createGatewayListener({
    ca,
    enrol: enrolment.enrol,
    findCertificateHost: (serial) => store.findCertificateHost(sql, serial),
    connected: connections.accept,
  });
  const { agent, machineProvider } = options;
  const bootstrap = createBootstrap({
    ...{ dataDirectory, agent, ca, enrolment, gateway, connections, roster, clock, log },
  });
  const machines = createMachines({
    sql,
    clock,
    timeline,
    roster,
    provider: machineProvider,
    publicKey: bootstrap.publicKey,
    reachable: async ({ bridgeAddress }) => {
      await gateway.listen({ port: gateway.port ?? 0, address: bridgeAddress });
    },
    stopped(machine) {
      for (const { address } of roster.hosts())
        if (roster.machineOf(address)?.address === machine) connections.lose(address, "its machine stopped");
    },
    log,
  });
  const maintenance = createMaintenance({
    ...{ sql, clock, timeline, roster, desired: desired.desired },
    onChange: () => emit("maintenance"),
  });
  const hostExecutor = createHostExecutor({
    ...{ sql, clock, roster, connections, bootstrap, client, machineProvider },
    setMode: maintenance.setMode,
    forget(host) {
      reports.delete(host);
      desired.forget(host);
      emit("removed", host);
    },
  });

  const closing = new AbortController();
  let lookingAfter: Promise<void> = Promise.resolve();
  let lookingAfterMaintenance: Promise<void> = Promise.resolve();
  let standing = true;
  let standingDown = false;
  const localHosts = () => roster.hosts().filter(({ properties }) => properties.via.kind === "this-computer");

  async function lookAfterLocalAgents(): Promise<void> {
    if (standing) return;
    for (const host of localHosts()) {
      try {
        if (await bootstrap.local.isInstalled(host))
          await bootstrap.local.start(host, [`https://127.0.0.1:${gateway.port}`]);
      } catch (error) {
        log(`the agent of ${host.address} was not started: ${describeError(error)}`);
      }
    }
  }

  return {
    hosts: {
      ...client,
      isConnected: (host) => connections.find(host) !== undefined,
      async waitConnected(host, timeoutMs, signal) {
        await connections.waitConnected(host, { timeoutMs, signal });
      },
      async waitExpected(environment) {
        const expected = roster
          .hosts()
          .filter((host) => host.environment === environment && connections.isExpected(host.address));
        const back = ({ address }: { address: string }) =>
          connections.waitConnected(address, { timeoutMs: startGraceMs }).catch(() => {});
        await Promise.all(expected.map(back));
      },
    },
    desired: desired.desired,
    sealedInUse: () => store.listSealed(sql),
    report: (host) => reports.get(host),
    async status(environment) {
      const rows = await store.listHosts(sql);
      return rows
        .filter((row) => row.environment === environment)
        .map((row) => ({
          name: row.name,
          address: row.address,
          ip: roster.hostAddress(row.address),
          connected: connections.find(row.address) !== undefined,
          lastSeen: connections.find(row.address)?.lastSeen ?? row.lastSeen ?? undefined,
          machine: roster.machineOf(row.address)?.state ?? "none",
          facts: connections.find(row.address)?.facts ?? row.facts ?? undefined,
          driftedResources: reports.get(row.address)?.drift.length ?? 0,
        }));
    },
    hostAddress: roster.hostAddress,
    runtimeOf(host) {
      const row = roster.host(host);
      const facts = connections.find(host)?.facts ?? row?.facts;
      // Nothing of ours on this computer outlives its data directory, so no units there.
      const systemd = row?.properties.via.kind !== "this-computer" && facts?.init === "systemd" && facts.root;
      return systemd ? "systemd" : "process";
    },
    events,
    ca,
    enrolment,
    gateway,
    maintenance,
    runs,
    routes: [...maintenanceRoutes(maintenance, options.checkMatcher ?? (() => {})), ...runRoutes(runs)],
    executors: [createMachineExecutor(machines), hostExecutor, maintenance.executor],
    async start() {
      standing = false;
      standingDown = false;
      await runs.recover();
      // Hosts are expected from when their machines run: those that take long to start are not lost meanwhile.
      await machines.start();
      for (const { address, state, connectionId } of await store.listHosts(sql)) {
        if (state === "connected") connections.expect(address, connectionId ?? "", startGraceMs);
        // Said again: whoever acts on it may have been cut short when it was said first.
        if (state === "lost" && !connections.find(address)) emit("lost", address, "it has not come back");
      }
      await bootstrap.keepTunnels();
      lookingAfter = repeat(lookAfterLocalAgents, {
        clock,
        interval: lookAfterAgentsMs,
        signal: closing.signal,
      });
      lookingAfterMaintenance = repeat(
        () =>
          maintenance
            .settle()
            .catch((error) => log(`maintenance was not looked after: ${describeError(error)}`)),
        { clock, interval: lookAfterAgentsMs, signal: closing.signal },
      );
    },
    async standDown(tell = () => {}) {
      standing = true;
      standingDown = true;
      for (const host of localHosts()) {
        tell(`stopping the agent of ${host.name}`);
        if (connections.find(host.address))
          await client
            .call(host.address, "host.rest", {}, { timeoutMs: 30_000 })
            .catch((error) => log(`${host.address} did not come to rest: ${describeError(error)}`));
        connections.forget(host.address, "stood down");
        await bootstrap.local.stop(host);
      }
      for (const { address } of roster.hosts())
        if (roster.machineOf(address)) connections.forget(address, "stood down");
      await machines.standDown(tell);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all([lookingAfter, lookingAfterMaintenance]);
      await machines[Symbol.asyncDispose]();
      await bootstrap[Symbol.asyncDispose]();
      await connections[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await desired.settle();
      await states[Symbol.asyncDispose]();
      events.removeAllListeners();
    },
  };
}
