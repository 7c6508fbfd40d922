import { dashboardSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "dashboards restore",
  summary: "bring an earlier version of a dashboard back",
  group: "Environments",
  description: "What it was until now stays in its history: that is undone in the same way.",
  access: ["dashboard:update", "environment:read"],
  arguments: [
    { name: "NAME", description: "as `havn dashboards` shows it" },
    { name: "REVISION", description: "as `havn dashboards history` shows it" },
  ],
  options: { environment: shared.environment, json: shared.json },
  examples: [["havn dashboards restore shop 42", "also after it was removed"]],
  async run({ arguments: [name = "", revision = ""], options, globals, io, signal }) {
    if (!/^\d+$/.test(revision))
      throw new UsageError(`"${revision}" is no revision`, "`havn dashboards history` shows them.");
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = dashboardPath(environment, name, "/restore");
    const body = { revision: Number(revision) };
    const answer = await api.post(path, dashboardSchema, { body, signal });
    if (options.json) io.out(JSON.stringify(answer, undefined, 2));
    else io.tell(`${io.style.green("✓")} ${name} is what it was in revision ${revision}.`);
    return undefined;
  },
});
