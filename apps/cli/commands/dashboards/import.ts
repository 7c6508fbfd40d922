import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { HavnError } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { dashboardImportAnswer, dashboardPath } from "../../api/dashboards.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { count } from "../../views/words.ts";

export const command = defineCommand({
  name: "dashboards import",
  summary: "take over a dashboard of Grafana from its JSON",
  group: "Environments",
  description:
    "Reads what Grafana exports and what grafana.com offers, old and new. What could not be carried over is told. To keep it " +
    'in the configuration instead, write grafanaDashboards("./dashboards/*.json") there.',
  access: ["dashboard:update", "environment:read"],
  arguments: [{ name: "FILE", description: "the JSON" }],
  options: {
    environment: shared.environment,
    name: { type: "string", value: "NAME", description: "what it is called; unset: made of its title" },
    replace: { type: "boolean", description: "also one of this name that is there already" },
    "dry-run": { type: "boolean", short: "n", description: "only tell what would become of it" },
    json: shared.json,
  },
  examples: [
    ["havn dashboards import node-exporter-full.json", "then open it in the page"],
    ["havn dashboards import 1860.json --dry-run", "what could not be carried over"],
  ],
  async run({ arguments: [file = ""], options, globals, io, signal }) {
    const grafana = await readJson(resolve(globals.cwd, file));
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const body = {
      ...{ grafana, replace: options.replace, preview: options["dry-run"] },
      ...(options.name !== undefined && { name: options.name }),
    };
    const answer = await api.post(dashboardPath(environment), dashboardImportAnswer, { body, signal });
    if (options.json) io.out(JSON.stringify(answer, undefined, 2));
    else {
      const panels = answer.dashboard.panels.filter(({ kind }) => kind !== "row").length;
      const what = `${answer.name}: ${count(panels, "panel")}, ${count(answer.dashboard.variables?.length ?? 0, "variable")}`;
      io.tell(answer.saved ? `${io.style.green("✓")} ${what}.` : `${what}. Nothing was saved.`);
      for (const note of answer.notes) io.warn(`${note}.`);
    }
    return undefined;
  },
});

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HavnError(`${path} cannot be read`, { detail: "Name a file with Grafana's JSON.", cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? `${cause.message}.` : "";
    throw new HavnError(`${path} is no JSON`, { detail, cause });
  }
}
