import { fstatSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { type Readable, Writable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { HavnError } from "@havn/model";
import { Interrupted } from "./exit.ts";
import { createStyle, type Style } from "./style.ts";

/** A command's way to people: results on `out`, everything about how it goes on `tell`. */
export interface Io {
  readonly style: Style;
  /** Columns to write in. */
  readonly columns: number;
  /** Whether progress may be drawn in place. */
  readonly live: boolean;
  readonly quiet: boolean;
  now(): number;
  /** A result: goes to standard output, also with --quiet. */
  out(text: string): void;
  /** What is going on: standard error, so that pipes carry results only. Nothing with --quiet. */
  tell(text: string): void;
  /** A warning or an error: standard error, also with --quiet. */
  warn(text: string): void;
  /** Raw, for drawing in place. */
  draw(text: string): void;
  /** Standard input as bytes. */
  readonly input: Readable;
  /** Whether somebody gives standard input on purpose: a file or a pipe, no terminal and not /dev/null. */
  readonly piped: boolean;
  /** The answer to a question. Fails where nobody can answer: `otherwise` says what to do then. */
  ask(question: string, otherwise: string, signal: AbortSignal): Promise<string>;
  /** What is piped in, less one line break at its end; at a terminal what is typed, which is not shown. */
  readSecret(prompt: string, signal: AbortSignal): Promise<string>;
}

export interface Streams {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number; rows?: number };
}

export function createIo(
  streams: Streams,
  options: { colour: boolean; quiet: boolean; now?: () => number },
): Io {
  const { stdin, stdout, stderr } = streams;
  return {
    style: createStyle(options.colour),
    columns: Math.max(40, stdout.columns || stderr.columns || 100),
    live: stderr.isTTY === true && !options.quiet,
    quiet: options.quiet,
    now: options.now ?? Date.now,
    out: (text) => void stdout.write(`${text}\n`),
    tell: (text) => void (options.quiet || stderr.write(`${text}\n`)),
    warn: (text) => void stderr.write(`${text}\n`),
    draw: (text) => void stderr.write(text),
    input: stdin,
    get piped() {
      return isPiped(stdin);
    },
    async ask(question, otherwise, signal) {
      if (stdin.isTTY !== true)
        throw new HavnError("Nobody can be asked here: standard input is not a terminal", {
          detail: otherwise,
        });
      const reader = createInterface({ input: stdin, output: stderr });
      // Readline takes Ctrl-C for itself while it reads.
      const closed = new AbortController();
      reader.once("SIGINT", () => closed.abort());
      try {
        return await reader.question(question, { signal: AbortSignal.any([signal, closed.signal]) });
      } catch (cause) {
        if (signal.aborted || closed.signal.aborted) throw new Interrupted("Nothing was changed.");
        throw cause;
      } finally {
        reader.close();
      }
    },
    async readSecret(prompt, signal) {
      if (stdin.isTTY !== true) return (await textOf(stdin)).replace(/\r?\n$/, "");
      stderr.write(prompt);
      return typedUnseen(stdin, signal).finally(() => stderr.write("\n"));
    },
  };
}

/** One line from a terminal, with nothing of it written back. */
async function typedUnseen(stdin: Readable, signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: nowhere, terminal: true });
  const closed = new AbortController();
  reader.once("SIGINT", () => closed.abort());
  try {
    return await reader.question("", { signal: AbortSignal.any([signal, closed.signal]) });
  } catch (cause) {
    if (signal.aborted || closed.signal.aborted) throw new Interrupted("Nothing was changed.");
    throw cause;
  } finally {
    reader.close();
  }
}

function isPiped(stdin: Streams["stdin"]): boolean {
  const descriptor = (stdin as { fd?: unknown }).fd;
  if (stdin.isTTY === true || typeof descriptor !== "number") return false;
  try {
    const found = fstatSync(descriptor);
    return found.isFile() || found.isFIFO();
  } catch {
    return false;
  }
}

/** Colours where a person looks at a terminal, unless NO_COLOR or --no-color; FORCE_COLOR overrules the terminal. */
export function wantsColour(
  environment: Readonly<Record<string, string | undefined>>,
  terminal: boolean,
  refused: boolean,
): boolean {
  if (refused || (environment.NO_COLOR ?? "") !== "") return false;
  if ((environment.FORCE_COLOR ?? "") !== "") return environment.FORCE_COLOR !== "0";
  return terminal && environment.TERM !== "dumb";
}
