import {
  type Address,
  type CheckMemory,
  type CheckResult,
  type CheckState,
  type Clock,
  HavnError,
  storable,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Measure } from "../probes/measure.ts";
import { readPluginOutput } from "../probes/plugin/output.ts";
import * as store from "../store.ts";
import { heartbeatToken, type LastHeard, overdue } from "./heartbeat.ts";
import { advanceCheck } from "./machine.ts";

/** What is kept of a check that nobody asks. */
export interface ToldRecord {
  heard: LastHeard;
  memory?: CheckMemory | undefined;
  result?: CheckResult | undefined;
}

export type Beat = "finish" | "start" | "fail";

/** Checks whose results others tell: passive ones and heartbeats. Resolves when the disk has it. */
export interface ToldChecks {
  declared(probes: ReadonlyMap<Address, store.Probe>): Promise<void>;
  /** Throws a HavnError 404 for a check that is not declared as passive. */
  report(address: Address, told: { state: CheckState; output: string }): Promise<void>;
  /** False: nobody has this token. */
  beat(token: string, kind: Beat, output: string): Promise<boolean>;
  /** The passive check that NSCA's clients know under these names. */
  findNagios(host: string, service: string | undefined): Address | undefined;
  token(address: Address): string | undefined;
  /** Finds what is late. */
  tick(): Promise<void>;
}

type ToldProbe = store.Probe & {
  properties: { probe: Extract<store.Probe["properties"]["probe"], { kind: "passive" | "heartbeat" }> };
};
const isTold = (probe: store.Probe): probe is ToldProbe =>
  probe.properties.probe.kind === "passive" || probe.properties.probe.kind === "heartbeat";

const longestOutput = 1000;
const longestLong = 4096;

export async function openToldChecks(options: {
  sql: Sql;
  clock: Clock;
  /** What tokens are made of. */
  key: string;
  /** `long` only of what was said just now. */
  onResult(
    result: CheckResult,
    probe: store.Probe,
    said: { measures: readonly Measure[]; long?: string },
  ): void;
}): Promise<ToldChecks> {
  const { sql, clock, key } = options;
  const records = new Map<Address, ToldRecord>(await store.listTold(sql));
  let probes = new Map<Address, ToldProbe>();
  let byToken = new Map<string, Address>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };

  async function keep(address: Address, told: ToldRecord): Promise<void> {
    const record = storable(told);
    await store.putTold(sql, address, record);
    records.set(address, record);
  }

  async function take(
    probe: ToldProbe,
    seen: { state: CheckState; output: string },
    { heard, attempts = probe.properties.attempts }: { heard: LastHeard; attempts?: number },
  ): Promise<void> {
    const at = clock.now();
    const { memory } = advanceCheck(
      records.get(probe.address)?.memory,
      { state: seen.state, at },
      { ...probe.properties, attempts },
    );
    const { history: _, ...known } = memory;
    const { output, long, measures } = readPluginOutput(seen.output);
    const result: CheckResult = {
      ...{ address: probe.address, ...known, at, durationMs: 0 },
      output: output.slice(0, longestOutput),
      ...(long && { long: long.slice(0, longestLong) }),
    };
    await keep(probe.address, { heard, memory, result });
    options.onResult(result, probe, { measures, long });
  }

  return {
    declared: (all) =>
      inTurn(async () => {
        probes = new Map([...all.values()].filter(isTold).map((probe) => [probe.address, probe]));
        byToken = new Map(
          [...probes.values()]
            .filter(({ properties }) => properties.probe.kind === "heartbeat")
            .map(({ address }) => [heartbeatToken(key, address), address]),
        );
        for (const [address, probe] of probes) {
          const record = records.get(address);
          if (!record) await keep(address, { heard: { at: clock.now() } });
          else if (record.result) options.onResult(record.result, probe, { measures: [] });
        }
        for (const address of [...records.keys()])
          if (!probes.has(address)) {
            await store.deleteTold(sql, address);
            records.delete(address);
          }
      }),
    report: (address, told) =>
      inTurn(async () => {
        const probe = probes.get(address);
        if (probe?.properties.probe.kind !== "passive")
          throw new HavnError(`There is no passive check ${address}`, {
            status: 404,
            detail: 'Declare it first: check("name", { passive: {} }).',
          });
        await take(probe, told, { heard: { at: clock.now() } });
      }),
    beat: (token, kind, output) =>
      inTurn(async () => {
        const address = byToken.get(token);
        const probe = address === undefined ? undefined : probes.get(address);
        if (!probe) return false;
        const now = clock.now();
        const record = records.get(probe.address) ?? { heard: { at: now } };
        if (kind === "start") {
          await keep(probe.address, { ...record, heard: { ...record.heard, startedAt: now } });
          return true;
        }
        const { startedAt } = record.heard;
        const took = startedAt === undefined ? "" : ` after ${((now - startedAt) / 1000).toFixed(1)} s`;
        const seen = {
          state: kind === "finish" ? ("ok" as const) : ("critical" as const),
          output: `the job ${kind === "finish" ? "finished" : "failed"}${took}${output === "" ? "" : `: ${output}`}`,
        };
        await take(probe, seen, { heard: { at: now }, attempts: 1 });
        return true;
      }),
    findNagios: (host, service) =>
      [...probes.values()].find(({ properties: { probe } }) => {
        const known = probe.kind === "passive" ? probe.nagios : undefined;
        return known?.host === host && known.service === service;
      })?.address,
    token: (address) =>
      probes.get(address)?.properties.probe.kind === "heartbeat" ? heartbeatToken(key, address) : undefined,
    tick: () =>
      inTurn(async () => {
        const now = clock.now();
        for (const [address, { heard }] of records) {
          const probe = probes.get(address);
          const late = probe && overdue(probe.properties.probe, heard, now);
          // That nothing came is certain at the first look.
          if (late) await take(probe, late, { heard: { ...heard, missed: true }, attempts: 1 });
        }
      }),
  };
}
