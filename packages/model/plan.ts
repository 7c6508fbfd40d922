import { z } from "zod";
import { diagnosticSchema } from "./diagnostics.ts";

export const actionSchema = z.enum(["create", "update", "replace", "delete", "no-op"]);
export type Action = z.infer<typeof actionSchema>;

/** One property's difference, as shown: references described, secrets masked, long text as a unified diff in `diff`. */
export const propertyChangeSchema = z.object({
  property: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  diff: z.string().optional(),
});
export type PropertyChange = z.infer<typeof propertyChangeSchema>;

/**
 * How sure a planned change is. Simulated: something before it in the same plan changes what it reads, and that was
 * worked out. Unknowable: it depends on something whose effects only running shows, or nobody could look.
 */
export const certaintySchema = z.enum(["exact", "simulated", "unknowable"]);
export type Certainty = z.infer<typeof certaintySchema>;

export const plannedChangeSchema = z.object({
  address: z.string(),
  type: z.string(),
  host: z.string().optional(),
  action: actionSchema,
  changes: z.array(propertyChangeSchema),
  /** Why this action, where it is not plain: "host does not exist yet", "image changed". */
  reason: z.string().optional(),
  certainty: certaintySchema.optional().describe("of resources on hosts"),
  skipped: z
    .string()
    .optional()
    .describe('why its condition leaves it out: "os.codename is trixie, wanted bookworm"'),
});
export type PlannedChange = z.infer<typeof plannedChangeSchema>;

export const planSchema = z.object({
  id: z.string(),
  environment: z.string(),
  createdAt: z.number().describe("milliseconds since the epoch"),
  /** In order of application; no-ops included. */
  changes: z.array(plannedChangeSchema),
  summary: z.record(actionSchema, z.number().int()),
  diagnostics: z.array(diagnosticSchema),
  batches: z
    .array(z.array(z.string()))
    .optional()
    .describe("hosts that are changed together, in their order"),
  resumes: z.string().optional().describe("the failed apply that it goes on with"),
  unrecorded: z
    .number()
    .int()
    .optional()
    .describe(
      "resources that are as declared, but were declared otherwise or not at all when something was applied last",
    ),
  /** Digests of sources that must be uploaded before this plan can be applied. */
  missingArtifacts: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

export const hasChanges = (plan: Plan): boolean => plan.changes.some((change) => change.action !== "no-op");

/** Whether applying it does anything: also where nothing changes, Havn may have to note what it keeps from then on. */
export const isWorthApplying = (plan: Plan): boolean => hasChanges(plan) || (plan.unrecorded ?? 0) > 0;
