import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { carryOut, makePlan } from "../../flows/apply.ts";
import { remember } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "deploy",
  summary: "release what changed in the services, one instance at a time",
  group: "Environments",
  description:
    "Makes a new release of every service whose source or configuration changed, and rolls it out: a new instance " +
    "starts, becomes healthy, takes the traffic, and only then the old one stops. Everything else that differs is " +
    "left to `havn apply`.",
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
    ["havn deploy", "release the changed source"],
    ["havn rollback shop", "take the previous release back"],
  ],
  async run({ arguments: [path], options, globals, io, signal }) {
    const flow = { api: await connect(globals, signal), io, signal };
    const config = await loadConfig({ path, environment: options.environment, globals, io, signal });
    const plan = await makePlan(flow, { graph: config.graph, only: ["service"] });
    await carryOut(flow, { plan, sources: config.sources, kind: "deploy", yes: options.yes });
    remember(globals, { environment: config.graph.environment, config: config.file });
    return undefined;
  },
});
