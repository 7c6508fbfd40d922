import { z } from "zod";

/** What an agent tells of its host when it connects. */
export const factsSchema = z.object({
  hostname: z.string(),
  os: z.object({ id: z.string(), version: z.string(), name: z.string(), platform: z.string() }),
  kernel: z.string(),
  architecture: z.string(),
  cpus: z.number().int(),
  memoryBytes: z.number(),
  addresses: z.array(z.string()),
  bootId: z.string(),
  /** "systemd" where PID 1 is systemd and the agent may use it; "none" otherwise. */
  init: z.enum(["systemd", "none"]),
  root: z.boolean(),
  agentVersion: z.string(),
});
export type Facts = z.infer<typeof factsSchema>;
