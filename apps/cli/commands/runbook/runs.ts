import { connect } from "../../api/connect.ts";
import { runbookRunsAnswer } from "../../api/runbooks.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { runbookRunsView } from "../../views/runbooks.ts";

export const command = defineCommand({
  name: "runbook runs",
  summary: "runs of runbooks, newest first",
  group: "Look",
  access: ["runbook:read"],
  arguments: [{ name: "RUNBOOK", description: "only this one", optional: true }],
  options: { json: shared.json },
  examples: [["havn runbook runs", "those that a guard kept from starting among them: held"]],
  async run({ arguments: [runbook], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get("/api/v1/runbook-runs", runbookRunsAnswer, { query: { runbook }, signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : runbookRunsView(answer.runs, context));
    return undefined;
  },
});
