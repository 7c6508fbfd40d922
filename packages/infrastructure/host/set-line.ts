import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { setLine } from "../resources/lines.ts";
import type { Operation } from "../resources/type.ts";
import { mustRun } from "./commands.ts";
import { readRegular } from "./files.ts";
import { perform } from "./operations.ts";

/** Reads the file as it is now: other lines may have changed since the plan, also by this same bundle. */
export async function setLineOperation(operation: Operation & { kind: "set line" }): Promise<void> {
  const { match, line, as, validate, attributes = {} } = operation;
  const path = await resolveHome(operation.path, as);
  const before = await readRegular(path).then(String, (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const content = setLine(before, match, line);
  if (content === before) return;
  if (as !== undefined) return writeAs(as, path, content);
  await perform({ kind: "write", path, content, attributes, ...(validate && { validate }) });
}

export async function resolveHome(path: string, user: string | undefined): Promise<string> {
  if (!path.startsWith("~/")) return path;
  const passwd = await readFile("/etc/passwd", "utf8");
  const fields = passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === user);
  if (!fields?.[5])
    throw new HavnError(`There is no user "${user}" on this host`, {
      detail: "Declare the user and depend on it, or correct the name.",
    });
  return join(fields[5], path.slice(2));
}

/**
 * With the user's own rights: a link that he puts there can lead only to what he may write anyway. The script reads its
 * path from its arguments, so that no name is taken for shell.
 */
const script = [
  "set -eu; umask 077",
  'folder=$(dirname -- "$1")',
  'mkdir -p -- "$folder"',
  'cat > "$1.havn-new"',
  'mv -fT -- "$1.havn-new" "$1"',
].join("\n");

const writeAs = async (user: string, path: string, content: string): Promise<void> => {
  await mustRun(["runuser", "-u", user, "--", "sh", "-c", script, "havn", path], { stdin: content });
};
