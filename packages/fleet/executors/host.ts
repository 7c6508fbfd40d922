import { type Clock, type HostProperties, hostProperties, parseAddress } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Bootstrap } from "../bootstrap/bootstrap.ts";
import type { Connections } from "../gateway/connections.ts";
import type { Roster } from "../hosts/roster.ts";
import type { MachineProvider } from "../machines/provider.ts";
import type { HostClient } from "../protocol/index.ts";
import * as store from "../store.ts";
import { diffProperties, type ResourceExecutor, type ResourcePlan } from "./executor.ts";

/** An enrolled agent that was restarted, or whose machine was, is back in less. */
const comesBackMs = 6000;

export interface HostExecutorOptions {
  sql: Sql;
  clock: Clock;
  roster: Roster;
  connections: Connections;
  bootstrap: Bootstrap;
  client: HostClient;
  /** Tells the agent how drift is dealt with there. */
  setMode(host: string, properties: HostProperties): Promise<void>;
  machineProvider: MachineProvider | undefined;
  /** Drops what is kept in memory of a host. */
  forget(host: string): void;
}

/** Type `host`: a host is real when its agent, of this control plane's version, is connected. */
export function createHostExecutor(options: HostExecutorOptions): ResourceExecutor {
  const { sql, clock, roster, connections, bootstrap } = options;

  async function plan(address: string, properties: HostProperties): Promise<ResourcePlan> {
    const row = roster.host(address);
    const changes = diffProperties(row?.properties ?? {}, properties);
    if (!row) return { action: "create", changes };
    const connection = connections.find(address);
    if (!connection) return { action: "update", changes, reason: "its agent is not connected" };
    const { version } = await bootstrap.bundle();
    const running = connection.facts?.agentVersion;
    if (running !== version) changes.push({ property: "agentVersion", before: running, after: version });
    return { action: changes.length > 0 ? "update" : "no-op", changes };
  }

  async function isReady(address: string): Promise<boolean> {
    const { version } = await bootstrap.bundle();
    return connections.find(address)?.facts?.agentVersion === version;
  }

  async function ensureAgent(address: string, moved: boolean, tell: (detail: string) => void): Promise<void> {
    const row = await store.findHost(sql, address);
    if (!row || (!moved && (await isReady(address)))) return;
    if (!moved && row.state !== "new") {
      tell("waiting for the agent to come back");
      await connections.waitConnected(address, { timeoutMs: comesBackMs }).catch(() => {});
      if (await isReady(address)) return;
    }
    await bootstrap.install(row, tell);
  }

  /** Whether the way to the host still exists: a machine that is gone took its agent along. */
  async function isReachable(row: store.HostRow): Promise<boolean> {
    if (row.properties.via.kind !== "machine") return true;
    const machine = roster.machineOf(row.address);
    if (!machine?.access || !options.machineProvider) return false;
    return (await options.machineProvider.status(machine.environment, machine.name)) === "running";
  }

  return {
    types: ["host"],
    async plan(desired, prior) {
      if (desired) return plan(desired.address, hostProperties.parse(desired.properties));
      const known = prior && roster.host(prior.address);
      return { action: known ? "delete" : "no-op", changes: [] };
    },
    async apply(run, _change, desired, { tell }) {
      const { address } = desired;
      const properties = hostProperties.parse(desired.properties);
      const { environment, name } = parseAddress(address);
      const moved = await run.step(`record host ${name}`, async () => {
        const before = await store.findHost(sql, address);
        await store.putHost(sql, { address, environment, name, properties, at: clock.now() });
        return before !== undefined && diffProperties(before.properties.via, properties.via).length > 0;
      });
      await roster.refresh();
      await run.step(`have the agent of ${name} connected`, () => ensureAgent(address, moved, tell), {
        retries: 2,
      });
      await run.step(`set the drift mode of ${name}`, () => options.setMode(address, properties));
    },
    async remove(run, prior, { tell }) {
      const { address } = prior;
      const { name } = parseAddress(address);
      await run.step(`empty ${name}`, async () => {
        tell("removing what Havn put there");
        if (connections.find(address)) await options.client.call(address, "host.leave", {});
      });
      await run.step(
        `remove the agent of ${name}`,
        async () => {
          const row = await store.findHost(sql, address);
          if (!row) return;
          tell("removing the agent");
          connections.forget(address, "this host leaves");
          if (await isReachable(row)) await bootstrap.remove(row);
        },
        { retries: 2 },
      );
      await run.step(`forget ${name}`, async () => {
        await store.revokeCertificates(sql, { host: address, because: "host removed", at: clock.now() });
        await store.deleteHost(sql, address);
        connections.forget(address, "this host was removed");
        options.forget(address);
        await roster.refresh();
      });
    },
  };
}
