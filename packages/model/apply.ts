import { z } from "zod";
import { actionSchema } from "./plan.ts";

export const applyStateSchema = z.enum(["running", "succeeded", "failed", "cancelled"]);
export type ApplyState = z.infer<typeof applyStateSchema>;

const applyStepStateSchema = z.enum(["waiting", "running", "done", "failed", "skipped"]);

/** One change's way through an apply. `detail` tells what is happening now ("waiting for /healthz on web-1"). */
export const applyStepSchema = z.object({
  address: z.string(),
  action: actionSchema,
  state: applyStepStateSchema,
  detail: z.string().optional(),
  error: z.string().optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  durationMs: z.number().optional().describe("what it took on its host, without waiting for others"),
  outcome: z.enum(["changed", "unchanged"]).optional().describe("what its host found when its turn came"),
});
export type ApplyStep = z.infer<typeof applyStepSchema>;

/** Hosts that an apply takes at the same time, where it goes in batches. `gate`: done, and waits for what must be so. */
export const applyBatchSchema = z.object({
  hosts: z.array(z.string()),
  state: z.enum(["waiting", "running", "gate", "done", "failed", "skipped"]),
  detail: z.string().optional(),
});
export type ApplyBatch = z.infer<typeof applyBatchSchema>;

/** A host that was still at work on something else when an apply's turn had come there. */
export const applyWaitSchema = z.object({
  host: z.string().describe("its name"),
  for: z.string().describe('id of the apply that it is at work on, "enforcement", or "a look for drift"'),
  actor: z.string().optional().describe("who started that apply"),
  since: z.number(),
  until: z.number().optional().describe("absent while it waits"),
});
export type ApplyWait = z.infer<typeof applyWaitSchema>;

export const applySchema = z.object({
  id: z.string(),
  environment: z.string(),
  kind: z.enum(["apply", "destroy", "deploy", "rollback", "revert"]),
  planId: z.string().optional(),
  state: applyStateSchema,
  actor: z.string(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  error: z.string().optional(),
  resumes: z.string().optional().describe("the failed apply that it goes on with"),
  batches: z
    .array(applyBatchSchema)
    .optional()
    .describe("in their order; absent: all hosts at the same time"),
  waits: z.array(applyWaitSchema).optional(),
  steps: z.array(applyStepSchema),
  counts: z
    .partialRecord(applyStepStateSchema, z.number().int())
    .optional()
    .describe("steps by state, in lists that were asked for without the steps themselves"),
});
export type Apply = z.infer<typeof applySchema>;

/** How many steps of an apply are in each state, also where it came from a list without the steps themselves. */
export function countSteps({
  steps,
  counts,
}: Pick<Apply, "steps" | "counts">): Partial<Record<ApplyStep["state"], number>> {
  if (counts) return counts;
  const states = Map.groupBy(steps, ({ state }) => state);
  return Object.fromEntries([...states].map(([state, of]) => [state, of.length]));
}
