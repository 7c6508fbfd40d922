import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { HavnError } from "@havn/model";

/** Why a server did not come up, in its own words: the last lines that it wrote since `since` (a place in the log). */
export function startProblem(
  dataDirectory: string,
  since: number,
  why = "It ended before it was ready.",
): HavnError {
  const path = join(dataDirectory, "server.log");
  const text = readFrom(path, since);
  const full = /ENOSPC|No space left on device/i.test(text);
  const lines = essentialLines(text);
  return new HavnError(full ? `The disk of ${dataDirectory} is full` : "The Havn server did not start", {
    detail: [
      full ? "Make room, or choose a directory on another disk with --data DIR." : why,
      ...(lines.length > 0 ? ["It said last:", ...lines.map((line) => `  ${line}`)] : ["It said nothing."]),
      `Its whole log: ${path}`,
    ].join("\n"),
  });
}

/** The lines that tell what went wrong: no stack frames, none twice, at most eight; the errors where there are any. */
export function essentialLines(text: string): string[] {
  const lines = text
    .split("\n")
    .flatMap((line) => plainLine(line).split("\n"))
    .filter((line) => line.trim() !== "" && !/^\s+at |^Node\.js v|^\s*[\^~]+\s*$|^node:internal/.test(line));
  const unique = lines.filter((line, index) => lines.indexOf(line) === index);
  const first = unique.findIndex((line) => /\b(error|fatal|cannot|failed|denied|refused)\b/i.test(line));
  return (first === -1 ? unique : unique.slice(first)).slice(-8);
}

/** JSON log lines (pino's) as text. */
function plainLine(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const { msg, message, err, detail } = JSON.parse(line) as Record<string, unknown>;
    const cause =
      typeof err === "object" && err !== null && "message" in err ? String(err.message) : undefined;
    const text = [msg ?? message, detail, cause].filter((part) => typeof part === "string" && part !== "");
    return text.length > 0 ? [...new Set(text)].join(": ") : line;
  } catch {
    return line;
  }
}

function readFrom(path: string, since: number): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // Emptied by rotation since: then all of it is new.
  const start = Math.max(since > size ? 0 : since, size - 64_000);
  if (size === 0) return "";
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(size - start);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, start));
  } finally {
    closeSync(file);
  }
}
