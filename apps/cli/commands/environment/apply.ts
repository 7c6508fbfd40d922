import type { Apply } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { loadConfig } from "../../config/load.ts";
import { carryOut, makePlan } from "../../flows/apply.ts";
import { remember } from "../../flows/memory.ts";
import { partOptions, planPart } from "../../flows/part.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "apply",
  summary: "plan, ask, and make it so; also mends drift",
  group: "Environments",
  description:
    "A part of it: --host, --target and --exclude; what that leaves inconsistent is told. Applies that share nothing run " +
    "side by side; where another one is at work on the same, --wait waits for its end and plans again.",
  access: ["plan:create", "artifact:write", "apply:create"],
  arguments: [
    {
      name: "PATH",
      description: "a havn.config.ts or its folder; unset: the one here, else the one last used",
      optional: true,
    },
  ],
  options: {
    environment: shared.declared,
    yes: shared.yes,
    ...partOptions,
    wait: { type: "boolean", description: "wait for applies that are at work on the same" },
    json: { type: "boolean", description: "the plan and the ended apply as JSON, for programs" },
  },
  examples: [
    ["havn apply", "show what differs, ask, apply"],
    ["havn apply --yes", "for scripts: without asking"],
    [
      "havn apply --host 'role=web' --serial 1,25%",
      "the web hosts only: one, then a quarter of them at a time",
    ],
    ["havn apply --target 'file/*' --exclude package", "only these resources"],
    ["havn apply --yes --json", "for programs: what was planned, what became of it, what it waited for"],
    ["havn apply --resume", "after a failure: go on where it stopped"],
  ],
  async run({ arguments: [path], options, globals, io, signal }) {
    const flow = { api: await connect(globals, signal), io, signal };
    const config = await loadConfig({ path, environment: options.environment, globals, io, signal });
    const request = planPart(config.graph, options);
    const plan = await makePlan(flow, request);
    let ended: Apply | undefined;
    try {
      await carryOut(flow, {
        ...{ plan, sources: config.sources, kind: "apply", yes: options.yes },
        ...(options.wait && { again: () => makePlan(flow, request) }),
        onEnded: (apply) => {
          ended = apply;
        },
      });
    } finally {
      if (options.json) io.out(JSON.stringify({ plan, ...(ended && { apply: ended }) }, null, 2));
    }
    remember(globals, { environment: config.graph.environment, config: config.file });
    return undefined;
  },
});
