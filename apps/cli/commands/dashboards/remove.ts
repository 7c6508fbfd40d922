import { dashboardSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "dashboards remove",
  summary: "remove a dashboard, or what the page made of a declared one",
  group: "Environments",
  description:
    "A dashboard that the configuration declares is as declared again. `havn dashboards restore` brings back what was removed.",
  access: ["dashboard:delete", "dashboard:read", "environment:read"],
  arguments: [{ name: "NAME", description: "as `havn dashboards` shows it" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [["havn dashboards remove node-exporter-full", "its versions stay in its history"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = dashboardPath(environment, name);
    const { revision, state } = await api.get(path, dashboardSchema, { signal });
    if (state !== "declared") await api.delete(path, { query: { revision }, signal });
    const left = state === "own" ? "removed" : "declared";
    if (options.json) io.out(JSON.stringify({ environment, name, state: left }, undefined, 2));
    else if (state === "declared")
      io.warn(`${name} is as the configuration declares it: remove it there, then apply.`);
    else if (left === "declared") io.tell(`${io.style.green("✓")} ${name} is as declared again.`);
    else io.tell(`${io.style.green("✓")} ${name} was removed.`);
    return undefined;
  },
});
