import { connect } from "../../api/connect.ts";
import { alertsAnswer } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { alertRows } from "../../views/status.ts";

export const command = defineCommand({
  name: "alerts",
  summary: "alerts that are pending or firing, and those that resolved",
  group: "Look",
  access: ["alert:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    state: {
      type: "string",
      value: "STATE",
      description: "only in this state",
      choices: ["pending", "firing", "resolved", "inactive"],
    },
    json: shared.json,
  },
  examples: [
    ["havn alerts", "what needs a look"],
    ["havn alerts --state firing --json", "for a program"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment, state: options.state };
    const answer = await api.get("/api/v1/alerts", alertsAnswer, { query, signal });
    if (options.json) io.out(JSON.stringify(answer, undefined, 2));
    else if (answer.alerts.length === 0) io.out(io.style.green("No alert."));
    else io.out(alertRows(answer.alerts, { style: io.style, now: io.now() }).join("\n"));
    return undefined;
  },
});
