import { readFile } from "node:fs/promises";
import { HavnError } from "@havn/model";
import type { OwnFile } from "./own-file.ts";
import type { HostReads } from "./type.ts";

/**
 * Content of a text file; undefined where there is none. With `host`, while planning, as earlier resources of the same
 * bundle will have left it; what is not kept on a disk (/proc) is read as it is.
 */
export const findText = (path: string, host?: Pick<HostReads, "files">): Promise<string | undefined> =>
  (host ? readSimulated(path, host) : readFile(path, "utf8")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });

async function readSimulated(path: string, { files }: Pick<HostReads, "files">): Promise<string | undefined> {
  const found = await files.stat(path);
  return found && (await files.read(path)).toString("utf8");
}

/** While planning: as earlier resources of the same bundle will have left it. */
export async function readOwnFile(path: string, host: HostReads): Promise<OwnFile> {
  const found = await host.files.stat(path);
  if (!found) return undefined;
  if (found.kind !== "file")
    throw new HavnError(`${path} is no regular file`, {
      detail: "Havn keeps a file of its own there. Move away what is in its place.",
    });
  const { owner, group, mode } = found;
  return { content: (await host.files.read(path)).toString("utf8"), owner, group, mode };
}

/** Rows of a file of `a:b:c` lines, such as /etc/passwd, by their first field. */
export async function readColons(
  path: string,
  host: Pick<HostReads, "files">,
): Promise<Map<string, string[]>> {
  const rows = ((await findText(path, host)) ?? "").split("\n").map((line) => line.split(":"));
  return new Map(rows.filter(([name]) => name).map((row) => [row[0] ?? "", row]));
}

/** Whether this is a container: its kernel is another computer's. */
export const isContainer = async (host: HostReads): Promise<boolean> =>
  (await host.run(["systemd-detect-virt", "--container", "--quiet"]).catch(() => ({ code: 1 }))).code === 0;
