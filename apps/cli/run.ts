import { commands } from "./commands.gen.ts";
import { type Command, type CommandEntry, type Globals, globalOptions } from "./kit/command.ts";
import { exitCodes, Interrupted, UsageError } from "./kit/exit.ts";
import { createIo, type Io, type Streams, wantsColour } from "./kit/io.ts";
import { parseCommandArguments, readGlobals } from "./kit/parse.ts";
import { findNearest } from "./kit/suggest.ts";
import { errorView } from "./views/errors.ts";

export interface RunOptions {
  argv: readonly string[];
  cwd: string;
  environment: Globals["environment"];
  streams: Streams;
  signal: AbortSignal;
  now?: () => number;
}

/** The command line as a function: everything it touches is an argument. Resolves to the exit code. */
export async function run(options: RunOptions): Promise<number> {
  const { environment, streams } = options;
  // What stands behind `--` is somebody else's command line.
  const end = options.argv.indexOf("--");
  const argv = end < 0 ? options.argv : options.argv.slice(0, end);
  const refused = argv.includes("--no-color");
  const colour = wantsColour(environment, streams.stdout.isTTY === true, refused);
  const io = createIo(streams, {
    colour,
    quiet: argv.includes("--quiet") || argv.includes("-q"),
    now: options.now,
  });
  // Errors go to standard error, which may be a terminal when standard output is not.
  const errors = createIo(streams, {
    colour: wantsColour(environment, streams.stderr.isTTY === true, refused),
    quiet: false,
  });
  try {
    return await dispatch(io, options);
  } catch (error) {
    if (options.signal.aborted && !(error instanceof Interrupted)) return exitCodes.interrupted;
    errors.warn(errorView(error, errors.style, { columns: errors.columns, debug: environment.HAVN_DEBUG }));
    if (error instanceof Interrupted) return exitCodes.interrupted;
    return error instanceof UsageError ? exitCodes.usage : exitCodes.error;
  }
}

async function dispatch(io: Io, options: RunOptions): Promise<number> {
  const argv = commandFirst(options.argv);
  const found = findCommand(commands, argv);
  if (found === undefined) return withoutCommand(io, argv);
  const command = (await found.entry.load()).command as Command;
  const parsed = parseCommandArguments(command, found.rest);
  if (parsed.help) {
    const { commandHelpView } = await import("./views/help.ts");
    io.out(commandHelpView(command, io.style, io.columns));
    return exitCodes.ok;
  }
  const globals = readGlobals(parsed, options.environment, options.cwd);
  const code = await command.run({
    arguments: parsed.positionals,
    options: parsed.options,
    globals,
    io,
    signal: options.signal,
  });
  if (options.signal.aborted) return exitCodes.interrupted;
  return code ?? exitCodes.ok;
}

/** Options of every command may stand before the command: they are moved behind it. */
function commandFirst(argv: readonly string[]): readonly string[] {
  const leading: string[] = [];
  const rest = [...argv];
  for (;;) {
    const [name = "", ...value] = (rest[0] ?? "").split("=");
    const option = Object.entries(globalOptions).find(
      ([long, definition]) =>
        name === `--${long}` || ("short" in definition && name === `-${definition.short}`),
    );
    if (!option || name === "--help" || name === "-h") return [...rest, ...leading];
    leading.push(...rest.splice(0, option[1].type === "string" && value.length === 0 ? 2 : 1));
  }
}

/** The command with the most words that `argv` begins with. */
function findCommand(
  entries: readonly CommandEntry[],
  argv: readonly string[],
): { entry: CommandEntry; rest: string[] } | undefined {
  const [first, second] = argv;
  const two = entries.find((entry) => entry.name === `${first} ${second}`);
  if (two) return { entry: two, rest: argv.slice(2) };
  const one = entries.find((entry) => entry.name === first);
  return one && { entry: one, rest: argv.slice(1) };
}

async function withoutCommand(io: Io, argv: readonly string[]): Promise<number> {
  const [first, second] = argv;
  const isHelp = first === undefined || first === "help" || first === "--help" || first === "-h";
  const nested = commands.filter((entry) => entry.name.startsWith(`${first} `));
  if (first === "help" && second !== undefined) return withHelpOf(io, argv.slice(1));
  if (isHelp || nested.length > 0) {
    const { helpView } = await import("./views/help.ts");
    if (isHelp || second === "--help" || second === "-h") {
      io.out(helpView(isHelp ? commands : nested, io.style));
      return first === undefined ? exitCodes.usage : exitCodes.ok;
    }
    const nearest = second && findNearest(`${first} ${second}`, names(nested));
    const choices = names(nested).map((name) => `havn ${name}`);
    throw new UsageError(
      second ? `havn ${first} has no command "${second}"` : `havn ${first} needs one more word`,
      nearest ? `Did you mean havn ${nearest}?` : `Choose one of: ${choices.join(", ")}.`,
    );
  }
  if (first?.startsWith("-"))
    throw new UsageError(`"${first}" stands where a command is expected`, "Write havn COMMAND [options].");
  const nearest = findNearest(first ?? "", [
    ...new Set(commands.flatMap(({ name }) => [name, ...name.split(" ", 1)])),
  ]);
  throw new UsageError(
    `havn has no command "${first}"`,
    nearest ? `Did you mean havn ${nearest}?` : "havn --help lists all commands.",
  );
}

async function withHelpOf(io: Io, words: readonly string[]): Promise<number> {
  const found = findCommand(commands, words);
  if (!found) return withoutCommand(io, words);
  const { commandHelpView } = await import("./views/help.ts");
  io.out(commandHelpView((await found.entry.load()).command as Command, io.style, io.columns));
  return exitCodes.ok;
}

const names = (entries: readonly CommandEntry[]): string[] => entries.map((entry) => entry.name);

/** `run` with this process' streams and signals. */
export async function runProcess(): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => {
    // A second Ctrl-C ends at once, whatever hangs.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  // `havn logs | head` closes the pipe: not an error.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(exitCodes.ok);
      throw error;
    });
  try {
    return await run({
      argv: process.argv.slice(2),
      cwd: process.cwd(),
      environment: process.env,
      streams: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
      signal: interrupt.signal,
    });
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
