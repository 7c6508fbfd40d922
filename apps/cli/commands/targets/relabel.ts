import { connect } from "../../api/connect.ts";
import { relabelAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { relabelView } from "../../views/targets.ts";

export const command = defineCommand({
  name: "targets relabel",
  summary: "what relabelling makes of a target, rule by rule",
  group: "Look",
  description:
    "Labels before and after each rule of relabel_configs, and which rule drops a target, and why.",
  access: ["target:read"],
  arguments: [{ name: "TARGET", description: "its address, instance or URL, or the name of its job" }],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn targets relabel 10.0.0.7:9100", "one target"],
    ["havn targets relabel node", "all of a job, those that were dropped too"],
  ],
  async run({ arguments: [target = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment, target };
    const answer = await api.get("/api/v1/targets/relabel", relabelAnswer, { query, signal });
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : relabelView(answer, io.style));
    return undefined;
  },
});
