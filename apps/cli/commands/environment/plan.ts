import { hasChanges } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { makePlan } from "../../flows/apply.ts";
import { partOptions, planPart } from "../../flows/part.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { planView } from "../../views/plan.ts";

export const command = defineCommand({
  name: "plan",
  summary: "show what an apply would change; changes nothing",
  group: "Environments",
  description: "Exit code 0: nothing would change; 2: there are changes; 1: an error.",
  access: ["plan:create"],
  arguments: [
    {
      name: "PATH",
      description: "a havn.config.ts or its folder; unset: the one here, else the one last used",
      optional: true,
    },
  ],
  options: {
    environment: shared.declared,
    json: shared.json,
    ...partOptions,
    destroy: { type: "boolean", description: "what `havn destroy` would remove" },
  },
  examples: [
    ["havn plan", "compare the configuration with what runs"],
    ["havn plan --json | jq '.summary'", "the same for a program"],
    ["havn plan -e staging", "of a configuration that declares several environments"],
    ["havn plan --destroy", "what would go"],
    ["havn plan --host web-1", "one host only, and what that leaves inconsistent"],
  ],
  async run({ arguments: [path], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const { graph } = await loadConfig({ path, environment: options.environment, globals, io, signal });
    const request = options.destroy ? { destroy: graph.environment } : planPart(graph, options);
    const plan = await makePlan({ api, io, signal }, request);
    io.out(options.json ? JSON.stringify(plan, undefined, 2) : planView(plan, io.style));
    if (!options.json && hasChanges(plan) && !options.destroy) io.tell("\nApply it with `havn apply`.");
    return hasChanges(plan) ? exitCodes.changes : exitCodes.ok;
  },
});
