import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { connect } from "../../api/connect.ts";
import { dashboardExportAnswer, dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "dashboards export",
  summary: "a dashboard as TypeScript, to be put into the configuration",
  group: "Look",
  description:
    "As the page shows it, with what was changed there. Put into the configuration and applied, the change in the page is " +
    "taken over and its conflict is gone.",
  access: ["dashboard:read", "environment:read"],
  arguments: [{ name: "NAME", description: "as `havn dashboards` shows it" }],
  options: {
    environment: shared.environment,
    out: { type: "string", value: "FILE", description: "write it there; unset: print it" },
    json: { type: "boolean", description: "its properties as JSON" },
  },
  examples: [
    ["havn dashboards export shop --out shop-dashboard.ts", "then import it in havn.config.ts"],
    ["havn dashboards export shop --json", "for a program"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = dashboardPath(environment, name, "/export");
    const { typescript, dashboard } = await api.get(path, dashboardExportAnswer, { signal });
    const text = options.json ? `${JSON.stringify(dashboard, undefined, 2)}\n` : typescript;
    if (options.out === undefined) io.out(text.replace(/\n$/, ""));
    else {
      await writeFile(resolve(globals.cwd, options.out), text);
      io.tell(`${io.style.green("✓")} ${name} stands in ${options.out}.`);
    }
    return undefined;
  },
});
