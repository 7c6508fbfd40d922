import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { run } from "../run.ts";

export interface Setting {
  cwd: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** What the clock of the command line shows. */
  now?: number;
  signal?: AbortSignal;
}

/** What `havn ARGV…` writes (both streams, in order) and how it ends, without a terminal. */
export async function runCommand(
  argv: readonly string[],
  setting: Setting,
): Promise<{ text: string; code: number }> {
  let text = "";
  const stream = () =>
    new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
  const code = await run({
    argv,
    cwd: setting.cwd,
    environment: setting.environment,
    streams: { stdin: Readable.from([]), stdout: stream(), stderr: stream() },
    signal: setting.signal ?? new AbortController().signal,
    ...(setting.now === undefined ? {} : { now: () => setting.now ?? 0 }),
  });
  return { text, code };
}

/** Words of a command line; single quotes keep spaces. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");

/**
 * Runs the `$ havn …` lines of a transcript and compares what they give with what stands there. UPDATE_CASES=1 writes
 * it anew. `replace` takes out what differs from run to run.
 */
export async function checkTranscript(
  file: string,
  transcript: string,
  setting: Setting & { replace?: (text: string) => string; write: (actual: string) => void },
): Promise<void> {
  const { replace = (text) => text } = setting;
  const lines = transcript.split("\n").filter((line) => line.startsWith("$ havn"));
  strictEqual(lines.length > 0, true, `${file} runs no command`);
  const parts: string[] = [];
  for (const line of lines) {
    const { text, code } = await runCommand(wordsOf(line).slice(2), setting);
    parts.push(`${line}\n${replace(text).trimEnd()}\n[exit ${code}]\n`);
  }
  compare(file, transcript, parts.join("\n"), setting.write);
}

export function compare(
  name: string,
  expected: string,
  actual: string,
  write: (actual: string) => void,
): void {
  if (process.env.UPDATE_CASES) write(actual);
  else deepStrictEqual(actual.split("\n"), expected.split("\n"), name);
}

/** The named parts of a case file: `-- name --` begins each. */
export function readCase(path: string): {
  parts: Map<string, string>;
  write(name: string, content: string): void;
} {
  const parts = new Map<string, string>();
  let name = "";
  for (const line of readFileSync(path, "utf8").replace(/\n$/, "").split("\n")) {
    const head = /^-- (\S+) --$/.exec(line)?.[1];
    if (head) {
      name = head;
      parts.set(name, "");
    } else parts.set(name, `${parts.get(name) ?? ""}${line}\n`);
  }
  return {
    parts,
    write(changed, content) {
      parts.set(changed, content);
      writeFileSync(
        path,
        [...parts].map(([part, text]) => (part === "" ? text : `-- ${part} --\n${text}`)).join(""),
      );
    },
  };
}
