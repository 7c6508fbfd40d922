import { type Command, type CommandEntry, globalOptions, type OptionDefinitions } from "../kit/command.ts";
import { usageLine } from "../kit/parse.ts";
import { alignColumns, type Style, wrap } from "../kit/style.ts";

const exitCodeLines = [
  ["0", "done; nothing to change"],
  ["1", "an error, told on standard error"],
  ["2", "plan: there are changes; drift: something differs"],
  ["3", "what was typed is not a command"],
  ["130", "interrupted (Ctrl-C)"],
];

/** `havn --help`: from the registry alone, so that no command is loaded for it. */
export function helpView(entries: readonly CommandEntry[], style: Style): string {
  const names = Math.max(...entries.map((entry) => entry.name.length));
  const groups = [...new Set(entries.map((entry) => entry.group))];
  return [
    `${style.bold("havn")}: one command makes a declared environment real, watches it and heals it`,
    "",
    "Usage: havn COMMAND [arguments] [options]",
    ...groups.flatMap((group) => [
      "",
      style.bold(group),
      ...entries
        .filter((entry) => entry.group === group)
        .map((entry) => `  ${entry.name.padEnd(names)}  ${entry.summary}`),
    ]),
    "",
    style.bold("Options of every command"),
    ...optionLines(globalOptions),
    "",
    style.bold("Another Havn than this computer's"),
    ...alignColumns(
      [
        ["HAVN_URL", "its web address"],
        ["HAVN_TOKEN", "a token from `havn token create` there"],
      ],
      "  ",
    ),
    "",
    style.bold("Exit codes"),
    ...alignColumns(exitCodeLines, "  "),
    "",
    style.bold("Examples"),
    ...exampleLines(
      [
        ["havn up examples/hello", "a first minute: one service on this computer"],
        ["sudo havn up examples/shop", "four machines, a database, a balanced shop"],
        ["havn status", "what runs, how it is, where to open it"],
        ["havn COMMAND --help", "everything about one command"],
      ],
      style,
    ),
  ].join("\n");
}

/** `havn COMMAND --help`. */
export function commandHelpView(command: Command, style: Style, columns: number): string {
  const lines = [`${style.bold(`havn ${command.name}`)}: ${command.summary}`, "", usageLine(command)];
  if (command.description) lines.push("", ...wrap(command.description, Math.min(columns, 100)));
  if (command.arguments?.length) {
    const rows = command.arguments.map(({ name, description }) => [name, description]);
    lines.push("", style.bold("Arguments"), ...alignColumns(rows, "  "));
  }
  if (command.options && Object.keys(command.options).length > 0)
    lines.push("", style.bold("Options"), ...optionLines(command.options));
  lines.push("", style.bold("Options of every command"), ...optionLines(globalOptions));
  if (command.access.length > 0) lines.push("", `Needs the right to: ${command.access.join(", ")}`);
  lines.push("", style.bold("Examples"), ...exampleLines(command.examples, style));
  return lines.join("\n");
}

function optionLines(options: OptionDefinitions): string[] {
  const rows = Object.entries(options).map(([name, { short, value, description, choices }]) => [
    `${short ? `-${short},` : "   "} --${name}${value ? ` ${value}` : ""}`,
    description + (choices ? ` (${choices.join(", ")})` : ""),
  ]);
  return alignColumns(rows, "  ");
}

const exampleLines = (examples: Command["examples"], style: Style): string[] =>
  alignColumns(
    examples.map(([line, explanation]) => [line, style.dim(explanation)]),
    "  ",
  );
