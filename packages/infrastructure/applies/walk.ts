import type { Address } from "@havn/model";
import {
  type Batch,
  findDependants,
  isOverBudget,
  planStages,
  planWaves,
  type Stage,
  type WaveNode,
} from "@havn/plan";
import { applyBundle } from "./bundle.ts";
import { passGate } from "./gate.ts";
import { type Applying, record } from "./record.ts";
import { applyResource } from "./resource.ts";

interface Walk {
  nodes: readonly WaveNode[];
  stages: readonly Stage[];
  /** Everything that failed, and what is not done because of it. */
  stopped: Set<Address>;
}

/**
 * Walks the graph stage by stage, each in waves, everything of a wave at the same time. Gives everything that failed,
 * and what was not done because of it.
 */
export async function walk(applying: Applying, nodes: readonly WaveNode[]): Promise<Set<Address>> {
  const stopped = new Set<Address>();
  const stages = planStages(nodes, applying.rollouts);
  await recordUnchanged(applying);
  let index = 0;
  for (const [number, stage] of stages.entries()) {
    const batches = stage.batches.filter((batch) => !isHalted(applying, batch));
    for (const batch of batches) applying.progress.batch(batchIndex(stages, batch), { state: "running" });
    for (const wave of planWaves(stage.nodes)) {
      const outcomes = await Promise.all([
        ...wave.bundles.map(({ host, keys }) => applyBundle(applying, { host, keys, index, stopped })),
        ...wave.others.map((address) => applyResource(applying, address, stopped)),
      ]);
      index++;
      stop({ nodes, stages, stopped }, outcomes.flat());
    }
    await Promise.all(
      batches.map((batch) => endBatch(applying, { nodes, stages, stopped }, { batch, number })),
    );
  }
  return stopped;
}

function stop({ nodes, stopped }: Walk, addresses: readonly Address[]): void {
  for (const address of [...addresses, ...findDependants(nodes, addresses)]) stopped.add(address);
}

/** What is real as it was declared becomes recorded, if it was not. */
async function recordUnchanged(applying: Applying): Promise<void> {
  const unchanged = [...applying.changes.values()].filter(({ action }) => action === "no-op");
  await record(applying, "what is as it shall be", {
    put: unchanged.map(({ address }) => address),
    since: applying.serial,
  });
}

const isHalted = ({ halted }: Applying, { hosts }: Batch): boolean => hosts.some((host) => halted.has(host));

/** Its place among all batches, in which they are shown. */
const batchIndex = (stages: readonly Stage[], batch: Batch): number =>
  stages.flatMap(({ batches }) => batches).indexOf(batch);

/** After a batch: is the failure budget used up, does the gate pass? If not, what comes after it is not begun. */
async function endBatch(
  applying: Applying,
  walk: Walk,
  { batch, number }: { batch: Batch; number: number },
): Promise<void> {
  const { rollouts, progress, halted } = applying;
  const { stages } = walk;
  const rollout = rollouts[batch.rollout];
  if (!rollout) return;
  const index = batchIndex(stages, batch);
  const ofRollout = stages.flatMap(({ batches }) => batches).filter((one) => one.rollout === batch.rollout);
  const later = stages
    .slice(number + 1)
    .flatMap(({ batches }) => batches.filter((one) => one.rollout === batch.rollout));
  const failed = findFailedHosts(applying, walk);
  const hosts = ofRollout.flatMap((one) => one.hosts);
  const failedHere = batch.hosts.filter((host) => failed.has(host));
  const failedOfAll = hosts.filter((host) => failed.has(host));
  let reason: string | null = null;
  if (isOverBudget(rollout, { failed: failedOfAll.length, hosts: hosts.length }))
    reason = `${failedOfAll.length} of ${hosts.length} hosts failed (${listed(failedOfAll)}), more than its failure budget`;
  else if (later.length > 0 && rollout.gate)
    reason = await waitAtGate(applying, { batch, index, gate: rollout.gate });
  const ok = failedHere.length === 0 && reason === null;
  progress.batch(index, { state: ok ? "done" : "failed", detail: reason ?? undefined });
  await tellOfBatch(applying, { index, of: applying.apply.batches?.length ?? 0, batch, ok, reason });
  if (reason === null) return;
  const after = `not begun: ${reason}`;
  for (const one of later) {
    for (const host of one.hosts) halted.set(host, after);
    progress.batch(batchIndex(stages, one), { state: "skipped", detail: after });
  }
  stop(
    walk,
    walk.nodes
      .filter(({ host, settled }) => host !== undefined && !settled && halted.has(host))
      .map(({ key }) => key),
  );
}

async function waitAtGate(
  { run, options, apply, progress }: Applying,
  { batch, index, gate }: { batch: Batch; index: number; gate: Parameters<typeof passGate>[0] },
): Promise<string | null> {
  progress.batch(index, { state: "gate" });
  const { gates, clock } = options;
  const { environment } = apply;
  const tell = (detail: string) => progress.batch(index, { detail });
  // The outcome is a step: a gate that has passed is not asked again after a crash.
  return run.step(`gate after batch ${index + 1}`, () =>
    passGate(gate, { environment, hosts: batch.hosts, gates, clock, tell }),
  );
}

function findFailedHosts({ progress }: Applying, { nodes }: Walk): Set<string> {
  const failed = nodes.filter(({ key }) => progress.step(key)?.state === "failed");
  return new Set(failed.flatMap(({ host }) => host ?? []));
}

async function tellOfBatch(
  { run, options, apply }: Applying,
  told: { index: number; of: number; batch: Batch; ok: boolean; reason: string | null },
): Promise<void> {
  const { index, of, batch, ok, reason } = told;
  const what = `Batch ${index + 1} of ${of} of ${apply.environment} (${listed(batch.hosts)})`;
  await run.step(`tell of batch ${index + 1}`, () =>
    options.timeline.write({
      kind: "apply.batch",
      key: `${apply.id}/batch/${index + 1}`,
      environment: apply.environment,
      severity: ok ? "info" : "error",
      summary: ok
        ? `${what} is done`
        : `${what} failed${reason === null ? "" : `, the rest is not begun: ${reason}`}`,
      data: { applyId: apply.id, batch: index + 1, batches: of, hosts: batch.hosts, ok },
      actor: apply.actor,
    }),
  );
}

const listed = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
