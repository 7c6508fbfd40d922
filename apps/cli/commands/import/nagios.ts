import { globSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { importNagios } from "@havn/alerting/nagios";
import { HavnError } from "@havn/model";
import { tellImported } from "../../flows/imported.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "import nagios",
  summary: "turn a Nagios object configuration into TypeScript",
  group: "Other",
  description:
    "Templates, groups, exclusions and custom variables are resolved as Nagios resolves them. What is written are " +
    "checks that run the same plugins, with parents, dependencies and whom to tell; what could not be carried over is told.",
  access: [],
  arguments: [{ name: "DIR", description: "folder with the configuration, or its nagios.cfg" }],
  options: {
    out: { type: "string", value: "FILE", description: "write the TypeScript there; unset: print it" },
    json: shared.json,
  },
  examples: [
    ["havn import nagios /etc/nagios4 --out checks.ts", "then call nagiosChecks() in havn.config.ts"],
    ["havn import nagios ./conf.d", "objects without a nagios.cfg, printed"],
  ],
  async run({ arguments: [path = ""], options, globals, io }) {
    const from = resolve(globals.cwd, path);
    if (!statSync(from, { throwIfNoEntry: false }))
      throw new HavnError(`There is no ${from}`, {
        detail: "Name a folder with *.cfg files, or a nagios.cfg.",
      });
    const { text, ...found } = importNagios(from, {
      read: (file) =>
        statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, "utf8") : undefined,
      list: (folder) =>
        globSync("**/*.cfg", { cwd: folder })
          .sort()
          .map((name) => join(folder, name)),
    });
    if (found.checks === 0)
      throw new HavnError(`There are no hosts and services in ${from}`, {
        detail: found.diagnostics[0]?.summary ?? "Is it the folder that nagios.cfg names with cfg_dir?",
      });
    return tellImported({ text, ...found }, { options, globals, io });
  },
});
