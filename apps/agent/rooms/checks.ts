import { join } from "node:path";
import { type CheckRun, type CheckSample, createProbes, linesOf, samplesOf } from "@havn/alerting/agent";
import { type CheckMemory, type CheckResult, type CheckSpec, type Clock, checkMemory } from "@havn/model";
import type { TelemetryAgent } from "@havn/telemetry/agent";
import { z } from "zod";
import { findFile, findJson, writeFileAtomic } from "../files.ts";
import type { Log } from "../log.ts";

/** This host's checks: run in their rhythm, told to the control plane, remembered on disk. */
export interface Checks extends AsyncDisposable {
  set(checks: readonly CheckSpec[]): void;
  run(addresses: readonly string[]): Promise<CheckResult[]>;
  /** The control plane is there: it is told all. */
  connected(): void;
}

const coalesceMs = 100;
/** A result that tells nothing new is told this often, so that it is seen to be fresh. */
const refreshMs = 30_000;
const chunk = 500;
const saveMs = 2000;

export async function createChecks(options: {
  stateDirectory: string;
  clock: Clock;
  telemetry: Pick<TelemetryAgent, "writeSample" | "endSeries" | "writeLine">;
  log: Log;
  /** Throws while the control plane is away. */
  push(results: CheckResult[]): Promise<void>;
  isConnected(): boolean;
}): Promise<Checks> {
  const { clock, telemetry, log } = options;
  const path = join(options.stateDirectory, "checks.json");
  const untold = new Map<string, CheckResult>();
  const toldAt = new Map<string, number>();
  /** What each check was measured as last, for when it goes. */
  const measured = new Map<string, readonly CheckSample[]>();
  let soon: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let saving: NodeJS.Timeout | undefined;

  const probes = createProbes({
    clock,
    memory: await readMemory(path),
    onRun(run) {
      write(run);
      const { address, at } = run.result;
      if (run.isNew) saving ??= setTimeout(() => void save(), saveMs);
      if (!run.isNew && at - (toldAt.get(address) ?? 0) < refreshMs) return;
      untold.set(address, run.result);
      tell();
    },
  });

  function write(run: CheckRun): void {
    const samples = samplesOf(run, {});
    for (const sample of samples) telemetry.writeSample(sample, run.result.at);
    measured.set(run.spec.address, samples);
    if (!run.isNew) return;
    for (const line of linesOf(run.spec.name, run.result, run.attempt.long))
      telemetry.writeLine({ service: "", ...line });
  }

  function tell(): void {
    if (!options.isConnected() || sending) return;
    soon ??= setTimeout(() => {
      soon = undefined;
      sending = send().finally(() => {
        sending = undefined;
      });
    }, coalesceMs);
  }

  async function send(): Promise<void> {
    while (untold.size > 0 && options.isConnected()) {
      const results = [...untold.values()].slice(0, chunk);
      try {
        await options.push(results);
      } catch {
        // All of them are told when the control plane is back.
        return;
      }
      for (const result of results) {
        toldAt.set(result.address, result.at);
        // Another one may have come meanwhile.
        if (untold.get(result.address) === result) untold.delete(result.address);
      }
    }
  }

  async function save(): Promise<void> {
    clearTimeout(saving);
    saving = undefined;
    await writeFileAtomic(path, JSON.stringify(probes.memory())).catch((cause: Error) =>
      log.warn(`what is remembered of checks was not written: ${cause.message}`),
    );
  }

  return {
    set(checks) {
      probes.setChecks(checks);
      const wanted = new Set(checks.map(({ address }) => address));
      for (const [address, samples] of measured)
        if (!wanted.has(address)) {
          for (const sample of samples) telemetry.endSeries(sample);
          for (const known of [measured, toldAt, untold]) known.delete(address);
        }
    },
    run: (addresses) => probes.run(addresses),
    connected() {
      for (const result of probes.results()) untold.set(result.address, result);
      tell();
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(soon);
      await save();
      await probes[Symbol.asyncDispose]();
      await sending;
    },
  };
}

/** A file of another version is as none: the next results tell. */
async function readMemory(path: string): Promise<Record<string, CheckMemory>> {
  const text = await findFile(path);
  const parsed = z.record(z.string(), checkMemory).safeParse(text === undefined ? undefined : findJson(text));
  return parsed.success ? parsed.data : {};
}
