import { connect } from "../../api/connect.ts";
import { dashboardHistoryAnswer, dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { dashboardHistoryView } from "../../views/dashboards.ts";

export const command = defineCommand({
  name: "dashboards history",
  summary: "versions of a dashboard, also of one that was removed",
  group: "Look",
  access: ["dashboard:read", "environment:read"],
  arguments: [{ name: "NAME", description: "as `havn dashboards` shows it" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [["havn dashboards history shop", "who changed it and when, newest first"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = dashboardPath(environment, name, "/history");
    const answer = await api.get(path, dashboardHistoryAnswer, { signal });
    const context = { style: io.style, now: io.now() };
    io.out(
      options.json ? JSON.stringify(answer, undefined, 2) : dashboardHistoryView(answer.versions, context),
    );
    return undefined;
  },
});
