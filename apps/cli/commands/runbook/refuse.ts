import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { findRunbookRun } from "../../flows/runbooks.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "runbook refuse",
  summary: "end a runbook that waits for approval",
  group: "Environments",
  access: ["runbook:approve", "runbook:read"],
  arguments: [{ name: "RUN", description: "the beginning of its id, as `havn runbook runs` shows it" }],
  options: { step: { type: "string", value: "NAME", description: "where it waits at several" } },
  examples: [["havn runbook refuse 1f2e3d4c", "as whoever the token belongs to"]],
  async run({ arguments: [id = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const run = await findRunbookRun(api, id, signal);
    const body = { answer: "refuse", ...(options.step !== undefined && { step: options.step }) };
    await api.post(`/api/v1/runbook-runs/${run.id}/answer`, doneAnswer, { body, signal });
    io.tell(`${io.style.green("✓")} It ends here.`);
    return undefined;
  },
});
