import { connect } from "../../api/connect.ts";
import { listApplies } from "../../flows/applies.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { appliesView } from "../../views/applies.ts";

export const command = defineCommand({
  name: "applies",
  summary: "the history of applies: who changed what, when, and how it ended",
  group: "Look",
  access: ["apply:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn applies", "the last hundred, the newest first"],
    ["havn applies -e shop", "those of one environment"],
    ["havn applies show latest", "what the newest one did"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const applies = await listApplies(api, options.environment, signal);
    if (options.json) io.out(JSON.stringify({ applies }, null, 2));
    else if (applies.length === 0) io.tell("Nothing was applied there.");
    else io.out(appliesView(applies, io.style, io.now()));
    return undefined;
  },
});
