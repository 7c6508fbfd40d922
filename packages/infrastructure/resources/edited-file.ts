import { HavnError } from "@havn/model";
import { propertyChange } from "@havn/plan";
import { z } from "zod";
import { absolutePath } from "./text.ts";
import { type HostPlan, type HostReads, unchanged } from "./type.ts";

/** What all types take that change a part of a text file and leave the rest of it alone. */
export const editedFileShape = {
  path: absolutePath.describe("the text file, which keeps its owner and mode"),
  create: z.boolean().default(false).describe("true: a file that is not there is made, with mode 0644"),
  validate: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'command that must accept the new file before it takes its place; its word "%s" is that file\'s path',
    ),
} as const;

export interface EditedFileProperties {
  path: string;
  create: boolean;
  validate?: string[] | undefined;
}

/** A regular expression in JavaScript's syntax, as text. */
export const regularExpression = z.string().refine(
  (text) => {
    try {
      new RegExp(text);
      return true;
    } catch {
      return false;
    }
  },
  { message: "expected a regular expression, as JavaScript writes them" },
);

export type EditedFile =
  | { kind: "absent" }
  | { kind: "file"; content: string }
  /** A directory, a link, a device, or what is no UTF-8 text of at most 4 MiB. */
  | { kind: "not text"; is: string };

const largestText = 4 * 1024 * 1024;

export async function readEditedFile(path: string, { files }: HostReads): Promise<EditedFile> {
  const found = await files.stat(path);
  if (!found) return { kind: "absent" };
  if (found.kind === "link") return { kind: "not text", is: `a link to ${await files.target(path)}` };
  if (found.kind !== "file")
    return { kind: "not text", is: found.kind === "directory" ? "a directory" : "a device or socket" };
  if (found.size > largestText) return { kind: "not text", is: "larger than 4 MiB" };
  const bytes = await files.read(path);
  const content = bytes.toString("utf8");
  return Buffer.from(content, "utf8").equals(bytes)
    ? { kind: "file", content }
    : { kind: "not text", is: "no UTF-8 text" };
}

/**
 * The file with `edit` done to its text. `shownAs` names the property that the difference is told under: where that one
 * is a secret, the difference is masked. Throws a HavnError where a second edit would change the file again.
 */
export function planEdit(
  observed: EditedFile,
  { path, create, validate }: EditedFileProperties,
  shownAs: string,
  edit: (text: string) => string,
): HostPlan {
  const before = textOf(observed, path, create);
  const after = edit(before);
  if (after === before && observed.kind === "file") return unchanged;
  if (edit(after) !== after)
    throw new HavnError(`${path} would change with every apply`, {
      detail:
        "What is written is changed again by the same edit. Make the regular expression not find its own result.",
    });
  return planText(observed, { path, validate, after, shownAs });
}

export function planText(
  observed: EditedFile,
  {
    path,
    validate,
    after,
    shownAs,
  }: { path: string; validate?: string[] | undefined; after: string; shownAs: string },
): HostPlan {
  const before = observed.kind === "file" ? observed.content : "";
  if (after === before && observed.kind === "file") return unchanged;
  return {
    action: observed.kind === "absent" ? "create" : "update",
    changes: [propertyChange(shownAs, before, after)],
    operations: [{ kind: "write", path, content: after, attributes: {}, ...(validate && { validate }) }],
  };
}

/** The text that is there; "" where the file is to be made. Throws where there is none to change. */
export function textOf(observed: EditedFile, path: string, create: boolean): string {
  switch (observed.kind) {
    case "file":
      return observed.content;
    case "absent":
      if (create) return "";
      throw new HavnError(`${path} is not there`, {
        detail: "Depend on what brings it, or set create: true to begin with an empty file.",
      });
    case "not text":
      throw new HavnError(`${path} is ${observed.is}`, {
        detail: "Only text files can be changed in part. Name the file itself.",
      });
  }
}

/** Its lines without their ends, and whether the last one was ended. */
export function splitText(text: string): { lines: string[]; ended: boolean; newline: string } {
  // Where ends are mixed, a carriage return is part of its line: what is not changed stays byte for byte.
  const newline = text.includes("\r\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
  if (text === "") return { lines: [], ended: true, newline };
  const ended = text.endsWith("\n");
  const lines = text.split(newline);
  if (ended) lines.pop();
  return { lines, ended, newline };
}

/** The text that these lines make. */
export const joinLines = (lines: readonly string[], ended: boolean, newline: string): string =>
  lines.length === 0 ? "" : lines.join(newline) + (ended ? newline : "");

/** Where lines are to be put in: after or before the last (or first) line that a pattern finds, at the end, at the start. */
export function findPlace(
  lines: readonly string[],
  {
    insertAfter,
    insertBefore,
    first,
  }: { insertAfter?: string | undefined; insertBefore?: string | undefined; first?: boolean },
): number {
  if (insertBefore === "start") return 0;
  const pattern = insertBefore ?? insertAfter;
  if (pattern === undefined || pattern === "end") return lines.length;
  const expression = new RegExp(pattern);
  const finds = (line: string) => expression.test(line);
  const found = first ? lines.findIndex(finds) : lines.findLastIndex(finds);
  if (found < 0) return lines.length;
  return insertBefore === undefined ? found + 1 : found;
}
