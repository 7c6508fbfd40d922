import { connect } from "../../api/connect.ts";
import { runbooksAnswer } from "../../api/runbooks.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { runbooksView } from "../../views/runbooks.ts";

export const command = defineCommand({
  name: "runbook list",
  summary: "runbooks, what starts them, and how they went last",
  group: "Look",
  access: ["runbook:read"],
  options: { json: shared.json },
  examples: [["havn runbook list", "of all environments"]],
  async run({ options, globals, io, signal }) {
    const answer = await (await connect(globals, signal)).get("/api/v1/runbooks", runbooksAnswer, { signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : runbooksView(answer.runbooks, context));
    return undefined;
  },
});
