import { randomUUID } from "node:crypto";
import { type Address, type Apply, HavnError, type Plan, type Resource } from "@havn/model";
import { footprintOf } from "@havn/plan";
import type { Workflow } from "@havn/workflows";
import type { InfrastructureOptions } from "../interfaces.ts";
import { getPlan, type Plans } from "../planning/plans.ts";
import * as store from "../store.ts";
import { claim, findHolders } from "./leases.ts";
import { runApply } from "./run.ts";
import * as applyStore from "./store.ts";

export interface Applies {
  /**
   * Starts applying a stored plan; resolves when that is durable. Throws a HavnError: 404 without such a plan, 409 when
   * another apply is at work on what it needs, when any of that has changed since, or when artifacts are missing.
   */
  start(planId: string, by: { actor: string; kind?: Apply["kind"] | undefined }): Promise<Apply>;
  /** Plans and applies one resource, the rest of its environment as recorded. */
  startResource(request: { kind: Apply["kind"]; resource: Resource; actor: string }): Promise<Apply>;
  /** Throws a HavnError (404). */
  get(id: string): Promise<Apply>;
  /** Newest first, at most 100. */
  list(filter?: applyStore.ApplyFilter): Promise<Apply[]>;
  /** Resolves with the apply at its end. */
  finished(id: string): Promise<Apply>;
  /**
   * After `workflows.launch()`, and again now and then: takes up what a crash or an outage left between being recorded
   * and being started, and ends what its workflow left running.
   */
  recover(): Promise<void>;
}

export interface ApplyInput {
  applyId: string;
}

export function createApplies(options: InfrastructureOptions, plans: Plans): Applies {
  const { sql, clock } = options;
  const flow: Workflow<ApplyInput, void> = options.workflows.define<ApplyInput, void>("apply", (run, input) =>
    runApply(run, input, options),
  );

  async function get(id: string): Promise<Apply> {
    const apply = await applyStore.findApply(sql, id);
    if (!apply) throw new HavnError(`There is no apply ${id}`, { detail: "Correct its name.", status: 404 });
    return apply;
  }

  /** An apply whose workflow ended without saying so (its body threw) has failed: what it held is free. */
  async function takeUp(applyId: string): Promise<void> {
    const state = await flow.state(applyId);
    if (state === undefined) await flow.start(applyId, { applyId });
    if (state !== "failed" && state !== "succeeded") return;
    const error = await flow.result(applyId).then(
      () => "It ended without a result.",
      (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
    );
    await applyStore.endApply(sql, { id: applyId, state: "failed", error, endedAt: clock.now() });
  }

  /** Those that hold what the plan needs and that nobody carries on go on, or end: a dead owner keeps no one out. */
  async function freeDead({ plan, graph, prior }: store.StoredPlan): Promise<void> {
    const footprint = footprintOf(plan.changes, graph.resources, prior);
    for (const { id } of await findHolders(sql, plan.environment, footprint)) await takeUp(id);
  }

  async function start(
    planId: string,
    { actor, kind }: { actor: string; kind?: Apply["kind"] | undefined },
  ): Promise<Apply> {
    const stored = await getPlan(options, planId);
    const { plan } = stored;
    refuseErrors(plan);
    await refuseMissingArtifacts(plan, options);
    await freeDead(stored);
    const apply: Apply = {
      id: `apply-${randomUUID()}`,
      environment: plan.environment,
      kind: stored.kind === "apply" ? (kind ?? "apply") : stored.kind,
      planId,
      state: "running",
      actor,
      startedAt: clock.now(),
      ...(plan.resumes !== undefined && { resumes: plan.resumes }),
      ...(plan.batches && { batches: plan.batches.map((hosts) => ({ hosts, state: "waiting" as const })) }),
      steps: plan.changes
        .filter(({ action }) => action !== "no-op")
        .map(({ address, action }) => ({ address, action, state: "waiting" })),
    };
    await sql.begin((db) => claim(db, { stored, apply }));
    await flow.start(apply.id, { applyId: apply.id });
    return apply;
  }

  return {
    start,
    get,
    list: (filter = {}) => applyStore.listApplies(sql, filter),
    async startResource({ kind, resource, actor }) {
      const { environment } = await environmentOf(resource.address, options);
      const { owner, resources } = await store.readRecorded(sql, environment);
      const graph = {
        version: 1 as const,
        environment,
        ...(owner !== undefined && { owner }),
        resources: resources.some(({ address }) => address === resource.address)
          ? resources.map((one) => (one.address === resource.address ? resource : one))
          : [...resources, resource],
      };
      const plan = await plans.create({ graph, only: [resource.address] });
      return start(plan.id, { actor, kind });
    },
    async finished(id) {
      await flow.result(id).catch(() => {});
      return get(id);
    },
    async recover() {
      for (const id of await applyStore.listRunningApplies(sql)) await takeUp(id);
    },
  };
}

async function environmentOf(
  address: Address,
  { sql }: InfrastructureOptions,
): Promise<{ environment: string }> {
  const environment = address.split("/")[0] ?? "";
  const known = await store.listEnvironments(sql);
  if (!known.some((one) => one.environment === environment))
    throw new HavnError(`There is no environment "${environment}"`, {
      detail: "Apply it first.",
      status: 404,
    });
  return { environment };
}

/** A revert, for example, of what has been changed since. */
function refuseErrors({ diagnostics }: Plan): void {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  throw new HavnError(`This plan has ${errors.length} error(s)`, {
    detail: "Nothing was changed. Deal with them and plan again.",
    status: 409,
    diagnostics: errors,
  });
}

async function refuseMissingArtifacts(
  plan: Plan,
  { missingArtifacts }: InfrastructureOptions,
): Promise<void> {
  if (plan.missingArtifacts.length === 0) return;
  const missing = await missingArtifacts(plan.missingArtifacts);
  if (missing.length === 0) return;
  throw new HavnError("Sources of this plan have not been uploaded", {
    detail: `Upload ${missing.map((digest) => digest.slice(0, 12)).join(", ")} (PUT /api/v1/artifacts/:digest) and apply again.`,
    status: 409,
  });
}
