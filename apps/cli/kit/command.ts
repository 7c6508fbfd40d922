import type { Io } from "./io.ts";

export interface OptionDefinition {
  /** A list may be written several times, each with one value. */
  type: "string" | "boolean" | "list";
  description: string;
  short?: string;
  /** What the value is called in help: `--data DIR`. */
  value?: string;
  choices?: readonly string[];
}
export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>;

export type OptionValues<O extends OptionDefinitions> = {
  [K in keyof O]: O[K]["type"] extends "boolean"
    ? boolean
    : O[K]["type"] extends "list"
      ? readonly string[]
      : string | undefined;
};

export interface ArgumentDefinition {
  name: string;
  description: string;
  optional?: boolean;
  /** Of the last one: there may be several. */
  repeated?: boolean;
}

/** What a command gets. Options that every command has stand in `globals`. */
export interface Invocation<O extends OptionDefinitions = OptionDefinitions> {
  arguments: readonly (string | undefined)[];
  options: OptionValues<O>;
  globals: Globals;
  io: Io;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
}

export interface Globals {
  dataDirectory: string;
  port: number;
  /** A Havn elsewhere; undefined: the one of the data directory. */
  remote: { url: string; token: string | undefined } | undefined;
  cwd: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/** One command; each stands alone in commands/<noun>/<verb>.ts as `export const command`. */
export interface Command<O extends OptionDefinitions = OptionDefinitions> {
  /** As typed: `up`, `token create`. */
  name: string;
  summary: string;
  group: "Environments" | "Hosts" | "Look" | "Access" | "Server" | "Other";
  /** More than the summary, as paragraphs. */
  description?: string;
  /** The actions it needs (see packages/access); none: it does not ask the server. */
  access: readonly string[];
  arguments?: readonly ArgumentDefinition[];
  options?: O;
  examples: readonly (readonly [line: string, explanation: string])[];
  /** The exit code; nothing means 0. */
  run(invocation: Invocation<O>): Promise<number | undefined>;
}

export const defineCommand = <const O extends OptionDefinitions>(command: Command<O>): Command<O> => command;

/** What the generated registry knows of a command without loading it. */
export interface CommandEntry {
  name: string;
  summary: string;
  group: Command["group"];
  load(): Promise<{ command: unknown }>;
}

export const globalOptions = {
  data: {
    type: "string",
    value: "DIR",
    description: "data directory (HAVN_DATA; ~/.local/share/havn where unset)",
  },
  port: {
    type: "string",
    value: "N",
    description: "port of the page and the API (HAVN_PORT; 4600 where unset)",
  },
  "no-color": { type: "boolean", description: "no colours (NO_COLOR)" },
  quiet: { type: "boolean", short: "q", description: "only results, warnings and errors" },
  help: { type: "boolean", short: "h", description: "this text" },
} as const satisfies OptionDefinitions;

/** Options that several commands share, so that they mean the same everywhere. */
export const shared = {
  json: { type: "boolean", description: "the answer as JSON, for programs" },
  yes: { type: "boolean", short: "y", description: "do not ask" },
  environment: {
    type: "string",
    short: "e",
    value: "NAME",
    description: "environment (HAVN_ENVIRONMENT; the one last used, where unset)",
  },
  /** Of commands that evaluate a configuration. */
  declared: {
    type: "string",
    short: "e",
    value: "NAME",
    description: "which environment of the configuration (HAVN_ENVIRONMENT; the only one, where unset)",
  },
} as const satisfies OptionDefinitions;
