import { dashboardSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { dashboardView } from "../../views/dashboards.ts";

export const command = defineCommand({
  name: "dashboards show",
  summary: "the panels of a dashboard and what they ask",
  group: "Look",
  access: ["dashboard:read", "environment:read"],
  arguments: [{ name: "NAME", description: "as `havn dashboards` shows it" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [["havn dashboards show shop", "its variables, panels and queries"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const answer = await api.get(dashboardPath(environment, name), dashboardSchema, { signal });
    const context = { style: io.style, now: io.now() };
    io.out(options.json ? JSON.stringify(answer, undefined, 2) : dashboardView(answer, context));
    return undefined;
  },
});
