import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { carryOut, makePlan } from "../../flows/apply.ts";
import { remember } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "apply",
  summary: "plan, ask, and make it so; also mends drift",
  group: "Environments",
  access: ["plan:create", "artifact:write", "apply:create"],
  arguments: [
    {
      name: "PATH",
      description: "a havn.config.ts or its folder; unset: the one here, else the one last used",
      optional: true,
    },
  ],
  options: { environment: shared.declared, yes: shared.yes },
  examples: [
    ["havn apply", "show what differs, ask, apply"],
    ["havn apply --yes", "for scripts: without asking"],
  ],
  async run({ arguments: [path], options, globals, io, signal }) {
    const flow = { api: await connect(globals, signal), io, signal };
    const config = await loadConfig({ path, environment: options.environment, globals, io, signal });
    const plan = await makePlan(flow, { graph: config.graph });
    await carryOut(flow, { plan, sources: config.sources, kind: "apply", yes: options.yes });
    remember(globals, { environment: config.graph.environment, config: config.file });
    return undefined;
  },
});
