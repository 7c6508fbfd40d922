import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { findRunbookRun } from "../../flows/runbooks.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "runbook stop",
  summary: "end a run of a runbook: no further step begins",
  group: "Environments",
  description: "What is under way on hosts is not undone, and a command that runs there goes on to its end.",
  access: ["runbook:run", "runbook:read"],
  arguments: [{ name: "RUN", description: "the beginning of its id, as `havn runbook runs` shows it" }],
  examples: [["havn runbook stop 1f2e3d4c", "as whoever the token belongs to"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    const run = await findRunbookRun(api, id, signal);
    const { done } = await api.post(`/api/v1/runbook-runs/${run.id}/stop`, doneAnswer, { signal });
    io.tell(done ? `${io.style.green("✓")} No further step begins.` : "It had ended before.");
    return undefined;
  },
});
