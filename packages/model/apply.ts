import { z } from "zod";
import { actionSchema } from "./plan.ts";

export const applyStateSchema = z.enum(["running", "succeeded", "failed", "cancelled"]);
export type ApplyState = z.infer<typeof applyStateSchema>;

/** One change's way through an apply. `detail` tells what is happening now ("waiting for /healthz on web-1"). */
export const applyStepSchema = z.object({
  address: z.string(),
  action: actionSchema,
  state: z.enum(["waiting", "running", "done", "failed", "skipped"]),
  detail: z.string().optional(),
  error: z.string().optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
});
export type ApplyStep = z.infer<typeof applyStepSchema>;

export const applySchema = z.object({
  id: z.string(),
  environment: z.string(),
  kind: z.enum(["apply", "destroy", "deploy", "rollback"]),
  planId: z.string().optional(),
  state: applyStateSchema,
  actor: z.string(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  error: z.string().optional(),
  steps: z.array(applyStepSchema),
});
export type Apply = z.infer<typeof applySchema>;
