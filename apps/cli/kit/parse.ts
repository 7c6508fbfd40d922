import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Command, Globals, OptionDefinition, OptionDefinitions, OptionValues } from "./command.ts";
import { globalOptions } from "./command.ts";
import { UsageError } from "./exit.ts";
import { findNearest } from "./suggest.ts";

export interface ParsedArguments {
  positionals: string[];
  options: OptionValues<OptionDefinitions>;
  /** Those that every command has. */
  data: string | undefined;
  port: string | undefined;
  help: boolean;
}

/** What stands after the command's name, checked against its definition. */
export function parseCommandArguments(command: Command, argv: readonly string[]): ParsedArguments {
  const definitions: OptionDefinitions = { ...globalOptions, ...command.options };
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(definitions).map(([name, { type, short }]) => [
        name,
        { type: type === "boolean" ? type : "string", ...(short && { short }) },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  const positionals: string[] = [];
  const options: Record<string, string | boolean | string[] | undefined> = {};
  for (const [name, { type }] of Object.entries(definitions))
    options[name] = type === "boolean" ? false : type === "list" ? [] : undefined;
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const value = optionValue(command, definitions, token.rawName, token.name, token.value);
    const before = options[token.name];
    options[token.name] = Array.isArray(before) ? [...before, String(value)] : value;
  }
  const { data, port } = options as { data: string | undefined; port: string | undefined };
  const help = options.help === true;
  if (!help) checkPositionals(command, positionals);
  return { positionals, options: options as OptionValues<OptionDefinitions>, data, port, help };
}

function optionValue(
  command: Command,
  definitions: OptionDefinitions,
  raw: string,
  name: string,
  value: string | undefined,
): string | boolean {
  const definition: OptionDefinition | undefined = definitions[name];
  if (definition === undefined) {
    const nearest = findNearest(name, Object.keys(definitions));
    throw new UsageError(
      `havn ${command.name} has no option ${raw}`,
      nearest ? `Did you mean --${nearest}?` : `See havn ${command.name} --help.`,
    );
  }
  if (definition.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${raw} takes no value`, `Write ${raw} alone.`);
    return true;
  }
  const example = `--${name} ${definition.value ?? "VALUE"}`;
  if (value === undefined || value === "") throw new UsageError(`${raw} needs a value`, `Write ${example}.`);
  if (definition.choices && !definition.choices.includes(value))
    throw new UsageError(`${raw} cannot be "${value}"`, `Choose one of: ${definition.choices.join(", ")}.`);
  return value;
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const wanted = command.arguments ?? [];
  const missing = wanted[positionals.length];
  if (missing !== undefined && missing.optional !== true)
    throw new UsageError(
      `havn ${command.name} needs ${missing.name}: ${missing.description}`,
      `See havn ${command.name} --help.`,
    );
  const extra = wanted.at(-1)?.repeated ? undefined : positionals[wanted.length];
  if (extra !== undefined)
    throw new UsageError(`"${extra}" is one argument too many for havn ${command.name}`, usageLine(command));
}

export function usageLine(command: Command): string {
  const names = (command.arguments ?? []).map(({ name, optional, repeated }) => {
    const shown = repeated ? `${name}…` : name;
    return optional ? `[${shown}]` : shown;
  });
  return ["Usage: havn", command.name, ...names, "[options]"].join(" ");
}

/** Data directory, port and server that options and the environment name; options win. */
export function readGlobals(
  options: { data?: string | undefined; port?: string | undefined },
  environment: Globals["environment"],
  cwd: string,
): Globals {
  const data = options.data ?? (environment.HAVN_DATA || undefined);
  const port = options.port ?? (environment.HAVN_PORT || undefined) ?? "4600";
  // The agents' port is the next one.
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_534)
    throw new UsageError(`"${port}" is not a port`, "Give a number from 1 to 65534 (--port N or HAVN_PORT).");
  const share = environment.XDG_DATA_HOME || join(environment.HOME || homedir(), ".local", "share");
  return {
    dataDirectory: resolve(cwd, data ?? join(share, "havn")),
    port: Number(port),
    remote: readRemote(environment),
    cwd,
    environment,
  };
}

function readRemote(environment: Globals["environment"]): Globals["remote"] {
  const text = environment.HAVN_URL;
  if (!text) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(
      `HAVN_URL is "${text}", which is no address`,
      "Write for example https://havn.example.org.",
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UsageError(`HAVN_URL is "${text}"`, "It must begin with https:// or http://.");
  return { url: url.href.replace(/\/$/, ""), token: environment.HAVN_TOKEN || undefined };
}
