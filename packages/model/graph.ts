import { z } from "zod";
import { addressSchema, dnsLabel } from "./address.ts";
import { conditionSchema } from "./conditions.ts";
import { locationSchema } from "./diagnostics.ts";

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
  location: locationSchema.optional(),
});
export type Resource = z.infer<typeof resourceSchema>;

/** What `havn.config.ts` describes: the input of a plan. */
export const resourceGraphSchema = z.strictObject({
  version: z.literal(1),
  environment: dnsLabel,
  owner: z.string().optional(),
  resources: z.array(resourceSchema),
});
export type ResourceGraph = z.infer<typeof resourceGraphSchema>;
