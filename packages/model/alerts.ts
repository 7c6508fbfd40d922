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
