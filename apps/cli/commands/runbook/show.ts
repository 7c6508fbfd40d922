import { connect } from "../../api/connect.ts";
import { runbookRunAnswer } from "../../api/runbooks.ts";
import { findRunbookRun } from "../../flows/runbooks.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { runbookRunView } from "../../views/runbooks.ts";

export const command = defineCommand({
  name: "runbook show",
  summary: "a run of a runbook, step by step, and what it waits for",
  group: "Look",
  access: ["runbook:read"],
  arguments: [{ name: "RUN", description: "the beginning of its id, as `havn runbook runs` shows it" }],
  options: { json: shared.json },
  examples: [["havn runbook show 1f2e3d4c", "what came of each step"]],
  async run({ arguments: [id = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const run = await findRunbookRun(api, id, signal);
    const answer = await api.get(`/api/v1/runbook-runs/${run.id}`, runbookRunAnswer, { signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : runbookRunView(answer, context));
    return undefined;
  },
});
