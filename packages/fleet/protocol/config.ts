import { z } from "zod";

/** `config.json` in an agent's data directory; beside it lie ca.pem and, until it is used, token (0600). */
export const agentConfig = z.object({
  /** Address of its host resource. */
  host: z.string(),
  environment: z.string(),
  name: z.string(),
  /** `https://address:port` of each way to the control plane; all are tried. */
  servers: z.array(z.string()).min(1),
});
export type AgentConfig = z.infer<typeof agentConfig>;
