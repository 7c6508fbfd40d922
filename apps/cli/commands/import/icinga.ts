import { globSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { importIcinga } from "@havn/alerting/icinga";
import { HavnError } from "@havn/model";
import { tellImported } from "../../flows/imported.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "import icinga",
  summary: "turn an Icinga 2 configuration into TypeScript",
  group: "Other",
  description:
    "The configuration is evaluated as Icinga evaluates it: templates, apply rules, groups, functions. What is written are " +
    "checks that run the same plugins with the same words, with parents, dependencies and whom to tell; what is wrong is " +
    "named with its file and line, what could not be carried over is told.",
  access: [],
  arguments: [{ name: "PATH", description: "an icinga2.conf, or a folder with one or with *.conf files" }],
  options: {
    out: { type: "string", value: "FILE", description: "write the TypeScript there; unset: print it" },
    define: {
      type: "list",
      value: "NAME=VALUE",
      description: "a constant, as icinga2 daemon -D has it; NodeName is this computer's name where left out",
    },
    library: {
      type: "string",
      value: "DIR",
      description: "where include <itl> finds Icinga's own commands (/usr/share/icinga2/include where unset)",
    },
    json: shared.json,
  },
  examples: [
    ["havn import icinga /etc/icinga2 --out checks.ts", "then call icingaChecks() in havn.config.ts"],
    [
      "havn import icinga ./conf.d --define PluginDir=/usr/lib/nagios/plugins",
      "objects without an icinga2.conf",
    ],
  ],
  async run({ arguments: [path = ""], options, globals, io }) {
    const from = resolve(globals.cwd, path);
    if (!statSync(from, { throwIfNoEntry: false }))
      throw new HavnError(`There is no ${from}`, {
        detail: "Name an icinga2.conf, or a folder with *.conf files.",
      });
    const files = {
      read: (file: string) =>
        statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, "utf8") : undefined,
      glob: (pattern: string) => globSync(pattern).sort(),
    };
    const constants = { NodeName: hostname(), ...constantsOf(options.define ?? []) };
    const { text, ...found } = importIcinga(from, files, {
      constants,
      library: options.library ?? "/usr/share/icinga2/include",
    });
    if (found.checks === 0)
      throw new HavnError(`There are no hosts and services in ${from}`, {
        detail: found.diagnostics[0]?.summary ?? "Is it the folder that holds icinga2.conf?",
      });
    return tellImported({ text, ...found }, { options, globals, io });
  },
});

const constantsOf = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((one) => {
      const [name = "", ...value] = one.split("=");
      if (value.length === 0)
        throw new HavnError(`"${one}" is no constant`, { detail: "Write --define NAME=VALUE." });
      return [name, value.join("=")];
    }),
  );
