import { isDeepStrictEqual } from "node:util";
import { type CheckResult, type Clock, checkSpec } from "@havn/model";
import { checkSpecOf } from "../executor.ts";
import type { Probe } from "../store.ts";
import { type CheckRun, createProbes, type Probes } from "./runner.ts";

/** Checks that the control plane runs itself. */
export interface Runner {
  declared(probes: readonly Probe[]): Promise<void>;
  run(addresses: readonly string[]): Promise<CheckResult[]>;
  /** Runs them until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
}

export function createRunner(options: {
  clock: Clock;
  resolve(environment: string, value: unknown): Promise<unknown>;
  onRun(run: CheckRun): void;
  log(message: string): void;
}): Runner {
  let declared: readonly Probe[] = [];
  let probes: Probes | undefined;

  async function tell(): Promise<void> {
    if (!probes) return;
    const specs = await Promise.all(declared.map((probe) => specOf(probe)));
    probes.setChecks(specs.filter((spec) => spec !== undefined));
  }

  /** One that needs a secret which is not there fails by itself. */
  async function specOf(probe: Probe) {
    try {
      return checkSpec.parse(await options.resolve(probe.environment, checkSpecOf(probe)));
    } catch (cause) {
      options.log(
        `check ${probe.address} cannot be run: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
      return undefined;
    }
  }

  return {
    async declared(all) {
      const now = all.filter(
        ({ host, properties: { probe } }) =>
          host === "" && probe.kind !== "passive" && probe.kind !== "heartbeat",
      );
      if (isDeepStrictEqual(now, declared)) return;
      declared = now;
      await tell();
    },
    run: async (addresses) => (await probes?.run(addresses)) ?? [],
    async start(signal) {
      await using running = createProbes(options);
      probes = running;
      await tell();
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      probes = undefined;
    },
  };
}
