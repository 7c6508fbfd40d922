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
const labels = z.record(z.string(), z.string());

/** Why an alert is shown, and nobody told of it now, beside silences and rules of inhibition. */
export const alertHoldSchema = z.object({
  kind: z.enum(["maintenance", "deploy", "apply", "reboot", "behind"]),
  id: z.string().describe("of what holds it"),
  reason: z.string(),
  until: z.number().optional().describe("milliseconds since the epoch"),
});

export type AlertHold = z.infer<typeof alertHoldSchema>;

/** An alert with what is done about it: who is told, in which groups, and what holds it back. */
export const alertViewSchema = alertSchema.extend({
  external: z.boolean().describe("sent in from elsewhere, as Prometheus does"),
  routed: labels.describe("its labels as routes and silences see them"),
  groups: z.array(z.object({ receiver: z.string(), labels })).describe("in which it is told"),
  silencedBy: z.array(z.string()).describe("ids of silences"),
  inhibitedBy: z.array(z.string()).describe("fingerprints of the alerts that hold it back"),
  behind: z.array(z.string()).describe("names of the failing checks that it lies behind"),
  held: z.array(alertHoldSchema).describe("maintenance, what Havn itself does, failures that it lies behind"),
});
export type AlertView = z.infer<typeof alertViewSchema>;

/** What an alert comes from. */
export const alertRuleSchema = z.object({
  kind: z.enum(["alert", "rules", "check", "condition"]),
  name: z.string(),
  where: z
    .string()
    .describe("address of what declares it, with the file and group of rules; empty for what Havn watches"),
  expr: z.string().optional(),
  for: z.string().optional(),
  keepFiringFor: z.string().optional(),
  labels,
  annotations: labels.describe("as written, with their templates"),
  health: z.enum(["unknown", "ok", "err"]),
  lastError: z.string(),
  chart: z
    .object({
      query: z.string(),
      threshold: z.object({ operator: z.string(), value: z.number() }).optional(),
    })
    .optional(),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;
