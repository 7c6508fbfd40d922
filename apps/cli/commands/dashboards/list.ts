import { connect } from "../../api/connect.ts";
import { dashboardsAnswer } from "../../api/dashboards.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { dashboardsView } from "../../views/dashboards.ts";

export const command = defineCommand({
  name: "dashboards",
  summary: "dashboards, and which of them the page has changed",
  group: "Look",
  access: ["dashboard:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn dashboards", "of all environments"],
    ["havn dashboards --json | jq '.dashboards[] | select(.state == \"conflict\")'", "those to decide on"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const answer = await api.get("/api/v1/dashboards", dashboardsAnswer, { query, signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : dashboardsView(answer.dashboards, context));
    return undefined;
  },
});
