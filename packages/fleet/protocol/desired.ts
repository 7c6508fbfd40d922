import {
  checkSpec,
  durationText,
  enforcementSchema,
  maintenanceWindow,
  nrpeProperties,
  pauseSchema,
  resourceSchema,
} from "@havn/model";
import { z } from "zod";

/** What keeps a process of a release running on a host. */
export const instanceSpec = z.strictObject({
  /** `<service>-<host>-<first 8 of release>`; a file name and a systemd unit name in one. */
  id: z.string(),
  service: z.string(),
  address: z.string().describe("address of the service resource"),
  release: z.string(),
  releaseNumber: z.number().int(),
  /** sha256 of the release's .tar.gz; the agent asks for it by `artifact.read` if it does not have it. */
  artifact: z.string(),
  command: z
    .array(z.string())
    .min(1)
    .describe("run in the release's folder; a first word \"node\" is the agent's own Node"),
  /** Resolved: holds secrets. Kept in a 0600 file, never in arguments, logs or errors. PORT and HOST are added. */
  env: z.record(z.string(), z.string()),
  port: z.number().int(),
  runtime: z.enum(["process", "systemd"]),
  health: z.strictObject({ path: z.string(), interval: durationText, timeout: durationText }),
  metricsPath: z.string().optional(),
  stopGrace: durationText.describe("from SIGTERM to SIGKILL"),
});
export type InstanceSpec = z.infer<typeof instanceSpec>;

/** One HAProxy on a host: a frontend, a backend of fixed slots (see docs/decisions on lossless rollouts). */
export const balancerSpec = z.strictObject({
  name: z.string(),
  address: z.string(),
  port: z.number().int().describe("where clients come in"),
  healthPath: z.string(),
  slots: z.array(
    z.strictObject({
      slot: z.string().describe('"slot1" … "slot16"'),
      instance: z.string().optional(),
      ip: z.string(),
      port: z.number().int(),
      state: z.enum(["ready", "drain", "maint"]),
      weight: z.number().int().min(0).max(256),
    }),
  ),
});
export type BalancerSpec = z.infer<typeof balancerSpec>;

/** What makes an agent answer check_nrpe. */
export const nrpeServerSpec = nrpeProperties.omit({ host: true });
export type NrpeServerSpec = z.infer<typeof nrpeServerSpec>;

/** Everything that a host shall be. The agent keeps the last one on disk and keeps it true without the server. */
export const hostDesired = z.strictObject({
  revision: z.number().int().describe("ascending per host; an older one is refused"),
  environment: z.string(),
  host: z.string(),
  /** References resolved; in order of application. */
  resources: z.array(resourceSchema),
  /** What the agent does about drift in resources between applies. Instances are always kept running. */
  mode: enforcementSchema,
  /** How often all resources are looked at, beside what is seen to change; the agent's own choice when absent. */
  driftInterval: durationText.nullish(),
  /** While one of them is open, and during a pause, nothing is mended. */
  windows: z.array(maintenanceWindow).default([]),
  pauses: z.array(pauseSchema).default([]),
  instances: z.array(instanceSpec),
  balancers: z.array(balancerSpec),
  checks: z.array(checkSpec),
  nrpe: nrpeServerSpec.nullish(),
  /** Property paths per address whose values are secret: masked in every report and diff. */
  secrets: z.record(z.string(), z.array(z.string())),
  /** The secrets that resources hold, one by one: no report or diff tells them, wherever they stand. */
  secretValues: z.array(z.string()).default([]),
});
export type HostDesired = z.infer<typeof hostDesired>;
