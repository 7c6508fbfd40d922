import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Diagnostic } from "@havn/model";
import type { Globals } from "../kit/command.ts";
import { exitCodes } from "../kit/exit.ts";
import type { Io } from "../kit/io.ts";
import { notesView } from "../views/notes.ts";
import { count } from "../views/words.ts";

/** What was made of another program's configuration. */
interface Imported {
  /** TypeScript. */
  text: string;
  checks: number;
  hosts: number;
  services: number;
  notes: string[];
  diagnostics: Diagnostic[];
}

/** Writes it where it shall be, or prints it; tells what could not be carried over. The exit code. */
export async function tellImported(
  { text, ...found }: Imported,
  {
    options,
    globals,
    io,
  }: { options: { out?: string | undefined; json?: boolean | undefined }; globals: Globals; io: Io },
): Promise<number> {
  if (options.out !== undefined) await writeFile(resolve(globals.cwd, options.out), text);
  if (options.json)
    io.out(JSON.stringify({ ...found, ...(options.out === undefined && { text }) }, undefined, 2));
  else if (options.out === undefined) io.out(text);
  else
    io.tell(
      `${io.style.green("✓")} ${count(found.checks, "check")} of ${count(found.hosts, "host")} and ${count(found.services, "service")} in ${options.out}.`,
    );
  for (const { summary, detail, at } of found.diagnostics)
    io.warn(`${at ? `${at.file}:${at.line}: ` : ""}${summary}. ${detail}`);
  if (!options.json) for (const line of notesView(found.notes)) io.warn(line);
  return found.diagnostics.some(({ severity }) => severity === "error") ? exitCodes.error : exitCodes.ok;
}
