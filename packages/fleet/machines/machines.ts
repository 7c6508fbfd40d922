import {
  type Clock,
  HavnError,
  type MachineProperties,
  parseAddress,
  repeat,
  type Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Roster } from "../hosts/roster.ts";
import { describeError } from "../hosts/states.ts";
import * as store from "../store.ts";
import type { MachineAccess, MachineProvider, MachineState } from "./provider.ts";

/** The machines that Havn made: made on demand, and started again when they stop by themselves. */
export interface Machines extends AsyncDisposable {
  find(address: string): store.MachineRow | undefined;
  state(address: string): Promise<MachineState>;
  ensure(
    machine: { address: string; environment: string; name: string; spec: MachineProperties },
    tell: (detail: string) => void,
  ): Promise<void>;
  destroy(address: string): Promise<void>;
  /** Restores networks, takes machines up that were stopped by `standDown`, and keeps all running from now on. */
  start(): Promise<void>;
  /** Stops every machine, keeps their disks, and lets them be until `start`. */
  standDown(tell: (detail: string) => void): Promise<void>;
}

const lookEveryMs = 2000;
const longestPauseMs = 60_000;

export function createMachines(options: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  roster: Roster;
  provider: MachineProvider | undefined;
  publicKey(): Promise<string>;
  /** Called before a machine is used: the gateway must listen on its network. */
  reachable(access: MachineAccess): Promise<void>;
  /** It has stopped by itself: nobody in it can be reached. */
  stopped(address: string): void;
  log(message: string): void;
}): Machines {
  const { sql, clock, timeline, roster, provider } = options;
  const stopping = new AbortController();
  const busy = new Map<string, Promise<unknown>>();
  const pauses = new Map<string, { until: number; next: number }>();
  let loop: Promise<void> = Promise.resolve();
  let keeping = false;

  /** One thing at a time happens to a machine. */
  function exclusive<T>(address: string, work: () => Promise<T>): Promise<T> {
    const next = (busy.get(address) ?? Promise.resolve()).then(work);
    const settled = next.catch(() => {}).finally(() => busy.get(address) === settled && busy.delete(address));
    busy.set(address, settled);
    return next;
  }

  /** Told before it is recorded, by the episode that it ends: however often this is cut short, it is told once. */
  const tell = (
    { address, episode }: { address: string; episode: string },
    kind: "machine.started" | "machine.stopped",
    summary: string,
  ) =>
    timeline.write({
      kind,
      severity: kind === "machine.stopped" ? "error" : "info",
      environment: parseAddress(address).environment,
      address,
      summary,
      actor: "havn",
      key: `${kind}:${address}:${episode}`,
    });

  async function bringUp(address: string, say: (detail: string) => void): Promise<void> {
    if (!provider) throw noProvider();
    const row = await store.findMachine(sql, address);
    if (!row) return;
    const { environment, name, spec } = row;
    const publicKey = await options.publicKey();
    const access = await provider.ensure({ environment, name, spec, publicKey }, say, stopping.signal);
    await options.reachable(access);
    if (row.state !== "running") await tell(row, "machine.started", `Machine ${name} runs.`);
    await store.recordMachineAccess(sql, address, access);
    await roster.refresh();
  }

  async function lookAfter({ address }: store.MachineRow): Promise<void> {
    const pause = pauses.get(address);
    if (busy.has(address) || (pause && pause.until > clock.now())) return;
    await exclusive(address, async () => {
      // Read only now: it may have been destroyed or stood down since it was listed.
      const row = await store.findMachine(sql, address);
      if (!provider || !keeping || !row?.access || row.wanted !== "running") return;
      const state = await provider.status(row.environment, row.name);
      if (row.state === "running" && state !== "running") {
        await tell(row, "machine.stopped", `Machine ${row.name} stopped and is started again.`);
        await store.recordMachineState(sql, address, state);
        await roster.refresh();
        options.stopped(address);
      }
      if (state !== "running" || row.state !== "running") await bringUp(address, () => {});
      pauses.delete(address);
    }).catch((error) => {
      const next = Math.min((pause?.next ?? lookEveryMs) * 2, longestPauseMs);
      pauses.set(address, { until: clock.now() + next, next });
      options.log(`machine ${address} was not started: ${describeError(error)}`);
    });
  }

  async function look(): Promise<void> {
    try {
      const rows = await store.listMachines(sql);
      if (!provider || !keeping || rows.length === 0) return;
      const found = await provider.list();
      const runs = (row: store.MachineRow) =>
        found.some(
          ({ environment, name, state }) =>
            environment === row.environment && name === row.name && state === "running",
        );
      await Promise.all(rows.filter((row) => !runs(row) || row.state !== "running").map(lookAfter));
    } catch (error) {
      options.log(`machines were not looked after: ${describeError(error)}`);
    }
  }

  return {
    find: (address) => roster.machine(address),
    async state(address) {
      const { environment, name } = parseAddress(address);
      return provider ? provider.status(environment, name) : "none";
    },
    ensure: (machine, say) =>
      exclusive(machine.address, async () => {
        if (!provider) throw noProvider();
        await store.putMachine(sql, machine);
        await bringUp(machine.address, say);
      }),
    destroy: (address) =>
      exclusive(address, async () => {
        const { environment, name } = parseAddress(address);
        if (await store.findMachine(sql, address)) {
          if (!provider) throw noProvider();
          // A crash in between must not bring it back.
          await store.recordMachineGoing(sql, address);
          await provider.destroy(environment, name);
        }
        await store.deleteMachine(sql, address);
        pauses.delete(address);
        await roster.refresh();
      }),
    async start() {
      const rows = roster.machines();
      if (provider && rows.length > 0) {
        await provider.restoreNetwork();
        const accesses = rows.flatMap(({ access }) => (access ? [access] : []));
        const networks = new Map(accesses.map((access) => [access.bridgeAddress, access]));
        for (const access of networks.values()) await options.reachable(access);
        for (const row of rows) if (row.access) await store.recordMachineWanted(sql, row.address, "running");
      }
      keeping = true;
      loop = repeat(look, { clock, interval: lookEveryMs, signal: stopping.signal });
    },
    async standDown(say) {
      keeping = false;
      if (!provider) return;
      await Promise.all(
        roster.machines().map((row) =>
          exclusive(row.address, async () => {
            say(`stopping machine ${row.name}`);
            await store.recordMachineWanted(sql, row.address, "stopped");
            await provider.stop(row.environment, row.name);
            await store.recordMachineState(sql, row.address, "stopped");
          }),
        ),
      );
      await roster.refresh();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loop;
      await Promise.all(busy.values());
    },
  };
}

function noProvider(): HavnError {
  return new HavnError("This computer cannot make machines", {
    detail: "Machines need Linux and root. Declare hosts that exist already, or run Havn as root on Debian.",
    status: 400,
  });
}
