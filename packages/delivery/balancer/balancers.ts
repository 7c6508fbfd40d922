import { randomUUID } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AgentEvent, BalancerSpec, HostReport } from "@havn/fleet/protocol";
import { type Clock, HavnError } from "@havn/model";
import { createProcessRuntime } from "../runtimes/process/index.ts";
import { Haproxy } from "./haproxy.ts";
import { balancerUnit, supervisedHaproxy, unitHaproxy } from "./process.ts";
import type { RunningSlot } from "./runtime.ts";

type BalancerReport = HostReport["balancers"][number];
type SlotReport = BalancerReport["slots"][number];

const lookInterval = 1000;

export interface BalancerOptions {
  stateDirectory: string;
  /** "systemd" where the agent may use it: then HAProxy is a unit, and outlives the agent that way. */
  runtime: "process" | "systemd";
  clock: Clock;
  /** A slot changed its state. */
  onChange(reports: BalancerReport[]): void;
  onEvent(event: AgentEvent): void;
  /** A line that HAProxy wrote; units write to the journal instead: see `units`. */
  writeLog(line: { balancer: string; time: number; line: string }): void;
}

/** The balancers of this host. The methods are those of the protocol, by the same names. */
export interface Balancer extends AsyncDisposable {
  apply(spec: BalancerSpec): Promise<{ slots: SlotReport[] }>;
  waitUp(request: { balancer: string; slot: string; timeoutMs: number }): Promise<void>;
  drain(request: { balancer: string; slot: string; timeoutMs: number }): Promise<{ sessionsLeft: number }>;
  remove(name: string): Promise<void>;
  /** As HAProxy said at most a second ago. */
  list(): BalancerReport[];
  /** Takes over what runs, starts what does not, for what an earlier agent kept and for `desired`. */
  resume(desired: BalancerSpec[]): Promise<void>;
  /** HAProxy's own metrics, path /metrics. */
  scrapeTargets(): { balancer: string; address: string; host: "127.0.0.1"; port: number }[];
  units(): { unit: string; balancer: string }[];
}

/** Disposing lets go of HAProxy; it does not stop it. */
export function createBalancer(options: BalancerOptions): Balancer {
  const { clock } = options;
  const directory = join(options.stateDirectory, "balancers");
  const known = new Map<string, Haproxy>();
  const pids = new Map<string, number>();
  const names = (id: string) => id.replace(/^balancer-/, "");
  const closing = new AbortController();
  let reports: BalancerReport[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const runtime = createProcessRuntime({
    directory,
    clock,
    listener: {
      started: (id, pid) => pids.set(names(id), pid),
      exited(id, { code, signal }) {
        pids.delete(names(id));
        const how = signal ? `was killed by ${signal}` : `ended with code ${code ?? "unknown"}`;
        options.onEvent({
          key: randomUUID(),
          at: clock.now(),
          kind: "balancer.exited",
          severity: "error",
          summary: `HAProxy of balancer ${names(id)} ${how}; it is started again`,
          data: { balancer: names(id), code, signal },
        });
      },
      line: (id, time, line) => options.writeLog({ balancer: names(id), time, line }),
    },
  });

  const open = async (name: string) => {
    const present = known.get(name);
    if (present) return present;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const one = await Haproxy.open({
      name,
      directory,
      runtime: options.runtime,
      clock,
      process: (place) =>
        options.runtime === "systemd"
          ? unitHaproxy(place)
          : supervisedHaproxy(place, runtime, () => pids.get(name)),
    });
    known.set(name, one);
    return one;
  };
  const get = (name: string) => {
    const one = known.get(name);
    if (one) return one;
    throw new HavnError(`Balancer ${name} does not run here`, { detail: "Apply it first.", status: 404 });
  };
  /** Changes of slots one after the other: a drain that lasts must not meet an apply. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => {});
    return next;
  };

  const look = async () => {
    const before = JSON.stringify(withoutSessions(reports));
    const found: BalancerReport[] = [];
    for (const [name, one] of known) {
      const slots = await one.slots().catch(describe);
      found.push(
        Array.isArray(slots)
          ? { name, slots: slotReports(slots, one.spec) }
          : { name, slots: [], error: slots },
      );
    }
    reports = found;
    if (JSON.stringify(withoutSessions(found)) !== before) options.onChange(found);
  };
  const tellFailure = (name: string) => (error: unknown) =>
    options.onEvent({
      key: randomUUID(),
      at: clock.now(),
      kind: "balancer.failed",
      severity: "error",
      summary: `Balancer ${name} cannot be started: ${describe(error)}`,
      data: { balancer: name },
    });
  const looking = (async () => {
    while (!closing.signal.aborted) {
      await look();
      await clock.sleep(lookInterval, closing.signal);
    }
  })();

  const balancer: Balancer = {
    apply: (spec) =>
      inTurn(async () => {
        const slots = await (await open(spec.name)).apply(spec);
        await look();
        return { slots: slotReports(slots, spec) };
      }),
    async waitUp({ balancer: name, slot, timeoutMs }) {
      await get(name).waitUp(slot, timeoutMs);
    },
    drain: ({ balancer: name, slot, timeoutMs }) =>
      inTurn(async () => {
        const sessionsLeft = await get(name).drain(slot, timeoutMs);
        await look();
        return { sessionsLeft };
      }),
    remove: (name) =>
      inTurn(async () => {
        await (await open(name)).remove();
        known.delete(name);
        await look();
      }),
    list: () => reports,
    async resume(desired) {
      const kept = (await readdir(directory, { withFileTypes: true }).catch(() => []))
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
      for (const name of kept) await inTurn(async () => (await open(name)).resume()).catch(tellFailure(name));
      for (const spec of desired)
        if (!known.get(spec.name)?.spec) await balancer.apply(spec).catch(tellFailure(spec.name));
      await look();
    },
    scrapeTargets: () =>
      [...known].flatMap(([name, { spec, metricsPort }]) =>
        spec && metricsPort
          ? [{ balancer: name, address: spec.address, host: "127.0.0.1", port: metricsPort }]
          : [],
      ),
    units: () =>
      options.runtime === "systemd"
        ? [...known.keys()].map((name) => ({ unit: balancerUnit(name), balancer: name }))
        : [],
    async [Symbol.asyncDispose]() {
      closing.abort();
      await looking;
      await turn;
      await runtime.close();
    },
  };
  return balancer;
}

function slotReports(slots: RunningSlot[], spec: BalancerSpec | undefined): SlotReport[] {
  return slots.map(({ slot, admin, status, sessions }) => {
    const instance = spec?.slots.find((one) => one.slot === slot)?.instance;
    return {
      slot,
      ...(instance === undefined ? {} : { instance }),
      state: admin === "ready" ? status : admin.toUpperCase(),
      sessions,
    };
  });
}

const describe = (error: unknown): string =>
  error instanceof HavnError ? `${error.message}. ${error.detail}` : String(error);

/** Requests come and go: they are no change of state. */
const withoutSessions = (reports: BalancerReport[]) =>
  reports.map((report) => ({ ...report, slots: report.slots.map((slot) => ({ ...slot, sessions: 0 })) }));
