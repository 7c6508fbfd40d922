import { readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "./kit/command.ts";

/** In the order that `havn --help` shows; a group's commands in the order of this list, others after by name. */
const groups: readonly Command["group"][] = ["Environments", "Look", "Access", "Server", "Other"];
const order = [
  "up",
  "plan",
  "apply",
  "deploy",
  "rollback",
  "down",
  "destroy",
  "status",
  "logs",
  "query",
  "events",
];

/** The registry of commands as source text: every commands/<noun>/<verb>.ts, loaded only when it is typed. */
async function generate(): Promise<string> {
  const folder = fileURLToPath(new URL("./commands/", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const found = await Promise.all(
    files.map(async (file) => ({
      file,
      command: ((await import(`./commands/${file}`)) as { command: Command }).command,
    })),
  );
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  found.sort(
    ({ command: left }, { command: right }) =>
      groups.indexOf(left.group) - groups.indexOf(right.group) ||
      rank(left.name) - rank(right.name) ||
      (left.name < right.name ? -1 : 1),
  );
  const entries = found.flatMap(({ file, command: { name, summary, group } }) => [
    "  {",
    `    name: ${JSON.stringify(name)},`,
    `    summary: ${JSON.stringify(summary)},`,
    `    group: ${JSON.stringify(group)},`,
    `    load: () => import("./commands/${file}"),`,
    "  },",
  ]);
  return [
    "// Made by generate.ts from commands/. Do not edit.",
    'import type { CommandEntry } from "./kit/command.ts";',
    "",
    "export const commands: readonly CommandEntry[] = [",
    ...entries,
    "];",
    "",
  ].join("\n");
}

writeFileSync(new URL("./commands.gen.ts", import.meta.url), await generate());
