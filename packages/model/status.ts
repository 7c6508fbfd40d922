import { z } from "zod";
import { alertSchema } from "./alerts.ts";
import { factsSchema } from "./facts.ts";

export const healthSchema = z.enum(["healthy", "unhealthy", "starting", "stopped", "unknown"]);
export type Health = z.infer<typeof healthSchema>;

export const instanceStatusSchema = z.object({
  /** `shop-web-1-3f2a9c10`: service, host, release. */
  id: z.string(),
  service: z.string(),
  host: z.string(),
  release: z.string(),
  port: z.number().int(),
  health: healthSchema,
  pid: z.number().int().optional(),
  since: z.number().optional().describe("when it took its present health"),
  restarts: z.number().int(),
  detail: z.string().optional().describe("why it is not healthy"),
});
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;

export const hostStatusSchema = z.object({
  name: z.string(),
  address: z.string().describe("its resource address"),
  ip: z.string().optional(),
  connected: z.boolean(),
  lastSeen: z.number().optional(),
  machine: z.enum(["running", "stopped", "none"]).describe('"none": not a machine that Havn made'),
  facts: factsSchema.optional(),
  driftedResources: z.number().int(),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;

export const releaseSchema = z.object({
  id: z.string().describe("digest of source, command and configuration; first 12 hex digits are shown"),
  number: z.number().int().describe("1, 2, 3… per service"),
  service: z.string(),
  createdAt: z.number(),
  actor: z.string(),
  /** Why it differs from the one before: "source", "configuration". */
  changed: z.array(z.string()),
});
export type Release = z.infer<typeof releaseSchema>;

export const serviceStatusSchema = z.object({
  name: z.string(),
  address: z.string(),
  health: healthSchema,
  url: z.string().optional().describe("where a person can open it"),
  release: releaseSchema.optional(),
  previousRelease: releaseSchema.optional(),
  rollout: z.object({ id: z.string(), state: z.string(), detail: z.string() }).optional(),
  instances: z.array(instanceStatusSchema),
});
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;

export const balancerStatusSchema = z.object({
  name: z.string(),
  address: z.string(),
  host: z.string(),
  service: z.string(),
  url: z.string().optional(),
  slots: z.array(
    z.object({
      slot: z.string(),
      instance: z.string().optional(),
      state: z.string(),
      sessions: z.number().int(),
    }),
  ),
});
export type BalancerStatus = z.infer<typeof balancerStatusSchema>;

export const environmentStatusSchema = z.object({
  environment: z.string(),
  health: healthSchema,
  resources: z.number().int(),
  hosts: z.array(hostStatusSchema),
  services: z.array(serviceStatusSchema),
  balancers: z.array(balancerStatusSchema),
  alerts: z.array(alertSchema).describe("pending and firing"),
  /** Applies that are still running. */
  activity: z.array(z.object({ id: z.string(), kind: z.string(), detail: z.string() })),
});
export type EnvironmentStatus = z.infer<typeof environmentStatusSchema>;
