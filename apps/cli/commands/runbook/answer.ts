import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { findRunbookRun } from "../../flows/runbooks.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "runbook answer",
  summary: "answer what a runbook asks",
  group: "Environments",
  access: ["runbook:approve", "runbook:read"],
  arguments: [
    { name: "RUN", description: "the beginning of its id, as `havn runbook runs` shows it" },
    { name: "ANSWER", description: "one of its choices, or a text where it offers none" },
  ],
  options: { step: { type: "string", value: "NAME", description: "where it asks several things" } },
  examples: [["havn runbook answer 1f2e3d4c web-2", "what `havn runbook show` tells that it waits for"]],
  async run({ arguments: [id = "", answer = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const run = await findRunbookRun(api, id, signal);
    const body = { answer, ...(options.step !== undefined && { step: options.step }) };
    await api.post(`/api/v1/runbook-runs/${run.id}/answer`, doneAnswer, { body, signal });
    io.tell(`${io.style.green("✓")} It goes on.`);
    return undefined;
  },
});
