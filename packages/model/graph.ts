import { z } from "zod";
import { addressSchema, dnsLabel } from "./address.ts";
import { conditionSchema } from "./conditions.ts";
import { locationSchema } from "./diagnostics.ts";
import { rolloutSchema } from "./rollout.ts";

/** What an agent does about drift: `enforce` mends it, `noop` tells of it, `off` does not look. */
export const enforcementSchema = z.enum(["enforce", "noop", "off"]);
export type Enforcement = z.infer<typeof enforcementSchema>;

/**
 * One declared thing. `properties` follow the schema of its type (`packages/infrastructure/resources/<type>/`),
 * and may hold references (see references.ts). `host` is set when it lives on a host: then the agent there reads
 * and applies it; otherwise the control plane does (machine, host, service, balancer, check, alert).
 */
export const resourceSchema = z.strictObject({
  address: addressSchema,
  type: z.string(),
  name: z.string(),
  host: z.string().optional(),
  properties: z.record(z.string(), z.unknown()),
  /** Addresses that must be real before this one. Holds what was written and what references imply. */
  dependsOn: z.array(addressSchema),
  /** Of resources on hosts: where it does not hold, the resource is left as it is. Decided by the host. */
  when: conditionSchema.optional(),
  /** Of a resource on a host: instead of the host's own mode. */
  enforcement: enforcementSchema.optional(),
  location: locationSchema.optional(),
});
export type Resource = z.infer<typeof resourceSchema>;

/** A file of the repository with encrypted values, as it stands there. It travels with the graph and is kept apart from it. */
export const sealedFileSchema = z.strictObject({
  /** As the configuration names it. */
  file: z.string(),
  format: z.enum(["age", "yaml", "json", "dotenv", "ini"]),
  text: z.string().max(5_000_000),
});
export type SealedFile = z.infer<typeof sealedFileSchema>;

/** What `havn.config.ts` describes: the input of a plan. */
export const resourceGraphSchema = z.strictObject({
  version: z.literal(1),
  environment: dnsLabel,
  owner: z.string().optional(),
  resources: z.array(resourceSchema),
  /** Files that its secret references name. */
  sealed: z.array(sealedFileSchema).optional(),
  rollouts: z
    .array(rolloutSchema)
    .optional()
    .describe("how hosts are changed in batches; absent: all at once"),
});
export type ResourceGraph = z.infer<typeof resourceGraphSchema>;
