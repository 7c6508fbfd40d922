import type { Address, Apply, ApplyStep, Clock } from "@havn/model";
import type { Sql } from "@havn/postgres";
import * as store from "../store.ts";

/** Not more often than this is a change of an apply told. */
const quietMs = 100;

/** The steps of one running apply, as they are shown: kept in the store, and told as they change. */
export function createProgress(
  apply: Apply,
  { sql, clock, onProgress }: { sql: Sql; clock: Clock; onProgress?: ((apply: Apply) => void) | undefined },
) {
  const steps = new Map(apply.steps.map((step) => [step.address, step]));
  let writing: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const tell = () => onProgress?.({ ...apply, steps: [...steps.values()] });

  /** An ended step stays as it ended. */
  function change(address: Address, patch: Partial<ApplyStep>): void {
    const step = steps.get(address);
    if (!step || (step.state !== "waiting" && step.state !== "running")) return;
    const next = { ...step, ...patch };
    steps.set(address, next);
    // What is shown is not worth failing an apply for: ends are written again, by the step that records them.
    writing = writing.then(() => store.updateStep(sql, apply.id, next)).catch(() => {});
    timer ??= setTimeout(() => {
      timer = undefined;
      tell();
    }, quietMs);
  }

  return {
    running: (address: Address) => change(address, { state: "running", startedAt: clock.now() }),
    detail: (address: Address, detail: string) => change(address, { detail }),
    ended: (address: Address, end: Pick<ApplyStep, "state" | "error" | "detail">) =>
      change(address, { detail: undefined, ...end, endedAt: clock.now() }),
    step: (address: Address) => steps.get(address),
    /** Resolves when everything so far is in the store; tells once more. */
    async settle(ended?: Partial<Apply>): Promise<void> {
      clearTimeout(timer);
      timer = undefined;
      await writing;
      Object.assign(apply, ended);
      tell();
    },
  };
}
export type Progress = ReturnType<typeof createProgress>;
