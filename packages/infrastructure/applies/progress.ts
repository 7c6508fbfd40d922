import type { Address, Apply, ApplyBatch, ApplyStep, ApplyWait, Clock } from "@havn/model";
import type { Sql } from "@havn/postgres";
import * as store from "../store.ts";
import * as applyStore from "./store.ts";
import { together } from "./together.ts";

/** Not more often than this is a change of an apply told; rarer where there is much to tell. */
const quietMs = (steps: number): number => 100 + steps / 20;

const mostWaits = 1000;

/** The steps of one running apply, as they are shown: kept in the store, and told as they change. */
export function createProgress(
  apply: Apply,
  { sql, clock, onProgress }: { sql: Sql; clock: Clock; onProgress?: ((apply: Apply) => void) | undefined },
) {
  const steps = new Map(apply.steps.map((step) => [step.address, step]));
  const batches = [...(apply.batches ?? [])];
  let waits = [...(apply.waits ?? [])];
  const unwritten = new Set<Address>();
  let batchesChanged = false;
  let waitsChanged = false;
  // One statement at a time: two of them that share steps could wait for each other.
  const write = together(async (asked: readonly (readonly ApplyStep[])[]) => {
    const latest = new Map(asked.flat().map((step) => [step.address, step]));
    await applyStore.updateSteps(sql, apply.id, [...latest.values()]);
    return asked;
  });
  let writing: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  /** An ended step stays as it ended. */
  function change(address: Address, patch: Partial<ApplyStep>): void {
    const step = steps.get(address);
    if (!step || (step.state !== "waiting" && step.state !== "running")) return;
    steps.set(address, { ...step, ...patch });
    unwritten.add(address);
    timer ??= setTimeout(publish, quietMs(steps.size));
  }

  function publish(): void {
    clearTimeout(timer);
    timer = undefined;
    const changed = [...unwritten].map((address) => steps.get(address)).filter((step) => step !== undefined);
    unwritten.clear();
    // What is shown is not worth failing an apply for: ends are written again, by the step that records them.
    if (changed.length > 0) writing = Promise.all([writing, write(changed).catch(() => {})]);
    if (batchesChanged) {
      batchesChanged = false;
      const now = [...batches];
      writing = writing.then(() => applyStore.updateBatches(sql, apply.id, now)).catch(() => {});
    }
    if (waitsChanged) {
      waitsChanged = false;
      const now = waits;
      writing = writing.then(() => applyStore.updateWaits(sql, apply.id, now)).catch(() => {});
    }
    onProgress?.({
      ...apply,
      ...(waits.length > 0 && { waits }),
      ...(batches.length > 0 && { batches: [...batches] }),
      steps: [...steps.values()],
    });
  }

  return {
    running: (address: Address) => change(address, { state: "running", startedAt: clock.now() }),
    detail: (address: Address, detail: string) => change(address, { detail }),
    ended: (
      address: Address,
      end: Pick<ApplyStep, "state" | "error" | "detail" | "durationMs" | "outcome">,
    ) => change(address, { detail: undefined, ...end, endedAt: clock.now() }),
    batch(index: number, patch: Partial<ApplyBatch>): void {
      const before = batches[index];
      if (!before) return;
      batches[index] = { ...before, detail: undefined, ...patch };
      batchesChanged = true;
      timer ??= setTimeout(publish, quietMs(steps.size));
    },
    /** The host is at work on something else; undefined: no longer. */
    waits(host: string, before: Pick<ApplyWait, "for" | "actor"> | undefined): void {
      const now = clock.now();
      const isOpen = (wait: ApplyWait) => wait.host === host && wait.until === undefined;
      if (!before && !waits.some(isOpen)) return;
      waits = waits.map((wait) => (isOpen(wait) ? { ...wait, until: now } : wait));
      if (before) waits = [...waits, { host, ...before, since: now }].slice(-mostWaits);
      waitsChanged = true;
      timer ??= setTimeout(publish, quietMs(steps.size));
    },
    step: (address: Address) => steps.get(address),
    /** Resolves once these stand in the store as they are now. */
    write: async (addresses: readonly Address[]): Promise<void> => {
      await write(addresses.flatMap((address) => steps.get(address) ?? []));
    },
    /** Resolves when everything so far is in the store; tells once more. */
    async settle(ended?: Partial<Apply>): Promise<void> {
      Object.assign(apply, ended);
      publish();
      await writing;
    },
  };
}
export type Progress = ReturnType<typeof createProgress>;
