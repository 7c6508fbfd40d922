import { z } from "zod";

export const alertStateSchema = z.enum(["inactive", "pending", "firing", "resolved"]);

export const alertSchema = z.object({
  /** Stable for the same rule and labels. */
  fingerprint: z.string(),
  rule: z.string(),
  environment: z.string(),
  address: z.string().optional(),
  state: alertStateSchema,
  severity: z.enum(["info", "warning", "critical"]),
  summary: z.string(),
  labels: z.record(z.string(), z.string()),
  /** Of rules in Prometheus' form, filled in. */
  annotations: z.record(z.string(), z.string()).optional(),
  value: z.number().optional(),
  activeSince: z.number(),
  firingSince: z.number().optional(),
  resolvedAt: z.number().optional(),
});
export type Alert = z.infer<typeof alertSchema>;

/** A group of a rule file, with how its last evaluation went. Times in ms since 1970. */
export const ruleGroupSchema = z.object({
  environment: z.string(),
  address: z.string(),
  group: z.string(),
  file: z.string(),
  intervalMs: z.number(),
  lastEvaluation: z.number().nullable(),
  durationMs: z.number(),
  rules: z.array(
    z.object({
      kind: z.enum(["recording", "alerting"]),
      name: z.string(),
      expr: z.string(),
      line: z.number().nullable(),
      health: z.enum(["unknown", "ok", "err"]),
      lastError: z.string(),
      /** What does not keep it from going on: selectors that match nothing, templates that cannot be filled in. */
      warnings: z.array(z.string()).default([]),
      /** Of alerting rules. */
      state: z.enum(["inactive", "pending", "firing"]).nullable(),
    }),
  ),
  broken: z.array(z.object({ name: z.string(), line: z.number().nullable(), fault: z.string() })),
});
export type RuleGroup = z.output<typeof ruleGroupSchema>;
