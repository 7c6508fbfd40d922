import { join } from "node:path";
import { type AgentConfig, agentConfig } from "@havn/fleet/protocol";
import { HavnError } from "@havn/model";
import { findFile, findJson } from "./files.ts";

/** What the control plane left in the data directory. Read anew at every dial: its address may change. */
export async function readConfig(dataDirectory: string): Promise<AgentConfig> {
  const path = join(dataDirectory, "config.json");
  const parsed = agentConfig.safeParse(findJson((await findFile(path)) ?? ""));
  if (!parsed.success)
    throw new HavnError(`${path} is missing or damaged`, {
      detail: "Apply the host again: that installs the agent anew.",
    });
  return parsed.data;
}
