import { type Address, type Apply, HavnError } from "@havn/model";
import { nodesOf, orderNodes } from "@havn/plan";
import { throughOutages } from "@havn/postgres";
import type { Run } from "@havn/workflows";
import type { InfrastructureOptions } from "../interfaces.ts";
import { getPlan } from "../planning/plans.ts";
import * as store from "../store.ts";
import { claimsOf } from "../things.ts";
import type { ApplyInput } from "./applies.ts";
import { createProgress } from "./progress.ts";
import type { Applying } from "./record.ts";
import { createRecords } from "./records.ts";
import { describeFailure } from "./resource.ts";
import * as applyStore from "./store.ts";
import { walk } from "./walk.ts";

/**
 * The durable body of an apply: walks the graph (walk.ts). A failure stops what depends on it; the rest goes on. Run again
 * after a crash it goes the same way: what has ended is not done again.
 */
export async function runApply(
  run: Run,
  { applyId }: ApplyInput,
  options: InfrastructureOptions,
): Promise<void> {
  await run.step("begin", () => begin(applyId, options));
  const { applying, nodes } = await throughOutages(() => load(run, applyId, options));
  try {
    await finish(applying, failureOf(applying, await walk(applying, nodes)));
  } catch (error) {
    // Not a failure of a change, which is an outcome, but of the apply itself: it must not seem to run for ever.
    await finish(applying, describeFailure(error));
  }
}

async function begin(applyId: string, { sql, timeline }: InfrastructureOptions): Promise<void> {
  const apply = await applyStore.findApply(sql, applyId);
  if (!apply) throw new HavnError(`There is no apply ${applyId}`);
  await timeline.write({
    kind: "apply.started",
    key: `${applyId}/started`,
    environment: apply.environment,
    summary: `${nameOf(apply)} of ${apply.environment} started: ${apply.steps.length} change(s)`,
    data: { applyId, kind: apply.kind, changes: apply.steps.length },
    actor: apply.actor,
  });
}

/** Plans never change: what is read here is the same after every restart. */
async function load(run: Run, applyId: string, options: InfrastructureOptions) {
  const { sql } = options;
  const apply = await applyStore.findApply(sql, applyId);
  if (!apply) throw new HavnError(`There is no apply ${applyId}`);
  const stored = await getPlan(options, apply.planId ?? "");
  const { changes } = stored.plan;
  const byAddress = <T extends { address: Address }>(list: readonly T[]) =>
    new Map(list.map((one) => [one.address, one]));
  const desired = byAddress(stored.graph.resources);
  const prior = byAddress(stored.prior);
  const changesOf = byAddress(changes);
  const nodes = nodesOf(changes, stored.graph.resources, { prior: stored.prior, claimsOf });
  const positions = new Map(orderNodes(nodes).order.map((address, index) => [address, index]));
  const progress = createProgress(apply, options);
  const { serial, revert } = stored;
  const records = createRecords(apply, options);
  const applying: Applying = {
    ...{
      run,
      options,
      apply,
      serial,
      changes: changesOf,
      desired,
      prior,
      positions,
      progress,
      records,
      revert,
    },
    rollouts: stored.graph.rollouts ?? [],
    halted: new Map(),
  };
  return { applying, nodes };
}

const nameOf = ({ kind }: Apply): string => kind.charAt(0).toUpperCase() + kind.slice(1);

/** What a person needs to know of a failed apply in one sentence; undefined when all went well. */
function failureOf({ apply, progress, halted }: Applying, stopped: ReadonlySet<Address>): string | undefined {
  const steps = apply.steps.filter(({ address }) => stopped.has(address));
  if (steps.length === 0) return undefined;
  const first = steps.map(({ address }) => progress.step(address)).find((step) => step?.state === "failed");
  const [reason] = halted.values();
  const why = first ? `${first.address}: ${first.error}` : reason;
  return `${steps.length} of ${apply.steps.length} changes failed or were skipped. ${why}`;
}

async function finish({ run, options, apply, progress }: Applying, error: string | undefined): Promise<void> {
  const { sql, clock, timeline } = options;
  const failed = error !== undefined;
  await progress.settle();
  const end = async () => {
    const ended = {
      state: failed ? ("failed" as const) : ("succeeded" as const),
      endedAt: clock.now(),
      error,
    };
    await timeline.write({
      kind: "apply.finished",
      key: `${apply.id}/finished`,
      environment: apply.environment,
      severity: failed ? "error" : "info",
      summary: `${nameOf(apply)} of ${apply.environment} ${failed ? `failed: ${error}` : "succeeded"}`,
      data: { applyId: apply.id, kind: apply.kind, state: ended.state },
      actor: apply.actor,
    });
    await applyStore.endApply(sql, { id: apply.id, ...ended });
    if (apply.kind === "destroy" && !failed) await store.forgetEmptyEnvironment(sql, apply.environment);
    return ended;
  };
  await progress.settle(await run.step("finish", end));
}
