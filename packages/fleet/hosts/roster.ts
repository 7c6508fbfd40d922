import type { Sql } from "@havn/postgres";
import type { MachineAccess } from "../machines/provider.ts";
import * as store from "../store.ts";

/** Hosts and machines as recorded, at hand without a query. Whoever writes one of them calls `refresh`. */
export interface Roster {
  refresh(): Promise<void>;
  host(address: string): store.HostRow | undefined;
  hosts(): store.HostRow[];
  machine(address: string): store.MachineRow | undefined;
  machines(): store.MachineRow[];
  /** The machine that a host lives in, once it has run. */
  machineAccess(host: string): MachineAccess | undefined;
  machineOf(host: string): store.MachineRow | undefined;
  /** IP address (or the name that was declared) at which others reach the host; undefined while it is not known. */
  hostAddress(host: string): string | undefined;
}

export async function openRoster(sql: Sql): Promise<Roster> {
  let hosts = new Map<string, store.HostRow>();
  let machines = new Map<string, store.MachineRow>();
  let started = 0;
  let taken = 0;
  const roster: Roster = {
    async refresh() {
      started += 1;
      const own = started;
      const [hostRows, machineRows] = await Promise.all([store.listHosts(sql), store.listMachines(sql)]);
      // Of two that overlap, the one that began later has read what both were called for.
      if (own < taken) return;
      taken = own;
      hosts = new Map(hostRows.map((row) => [row.address, row]));
      machines = new Map(machineRows.map((row) => [row.address, row]));
    },
    host: (address) => hosts.get(address),
    hosts: () => [...hosts.values()],
    machine: (address) => machines.get(address),
    machines: () => [...machines.values()],
    machineAccess: (host) => roster.machineOf(host)?.access ?? undefined,
    machineOf(host) {
      const row = hosts.get(host);
      if (row?.properties.via.kind !== "machine") return undefined;
      return machines.get(`${row.environment}/machine/${row.properties.via.machine}`);
    },
    hostAddress(host) {
      const via = hosts.get(host)?.properties.via;
      switch (via?.kind) {
        case undefined:
          return undefined;
        case "this-computer":
          return "127.0.0.1";
        case "machine":
          return roster.machineAccess(host)?.ip;
        case "ssh":
          return via.address;
      }
    },
  };
  await roster.refresh();
  return roster;
}
