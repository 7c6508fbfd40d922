import { runSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { findRunId } from "../../flows/run.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { runView } from "../../views/run.ts";

export const command = defineCommand({
  name: "runs show",
  summary: "one of them: what it wrote on each host, how it ended",
  group: "Hosts",
  access: ["run:show", "run:read"],
  arguments: [{ name: "RUN", description: "its id, or the beginning of it" }],
  options: { json: shared.json },
  examples: [["havn runs show 1f2e3d4c", "hosts with the same output together"]],
  async run({ arguments: [typed = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const id = await findRunId({ api, io, signal }, typed);
    const run = await api.get(`/api/v1/runs/${id}`, runSchema, { signal });
    io.out(options.json ? JSON.stringify(run, undefined, 2) : runView(run, io.style));
    return undefined;
  },
});
