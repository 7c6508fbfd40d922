import { constants, type Stats } from "node:fs";
import { chmod, type FileHandle, lchown, lstat, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { HavnError } from "@havn/model";
import type { Attributes } from "../resources/type.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { findStats } from "./files.ts";

export async function ownerIds({ owner, group }: Attributes, accounts: Accounts = createAccounts()) {
  return {
    uid: owner === undefined ? undefined : await accounts.userId(owner),
    gid: group === undefined ? undefined : await accounts.groupId(group),
  };
}

/** Before a new file takes its place: what is not wanted in particular is as that of the file that it replaces. */
export async function setNewAttributes(
  file: FileHandle,
  path: string,
  attributes: Attributes,
): Promise<void> {
  const found = await findStats(path);
  const before = found?.isFile() ? found : undefined;
  const { uid, gid } = await ownerIds(attributes);
  if (uid !== undefined || gid !== undefined || before)
    await file.chown(uid ?? before?.uid ?? -1, gid ?? before?.gid ?? -1);
  await file.chmod(attributes.mode === undefined ? (before?.mode ?? 0o644) & 0o7777 : octal(attributes.mode));
}

/** Of what stands at the path itself: a link that somebody put there meanwhile is not followed. */
export async function setAttributes(path: string, attributes: Attributes): Promise<void> {
  await checkWay(path);
  const { uid, gid } = await ownerIds(attributes);
  const found = await lstat(path);
  if (found.isSymbolicLink()) {
    await lchown(path, uid ?? found.uid, gid ?? found.gid);
    return;
  }
  if (!found.isFile() && !found.isDirectory()) {
    await lchown(path, uid ?? found.uid, gid ?? found.gid);
    if (attributes.mode !== undefined) await chmod(path, octal(attributes.mode));
    return;
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (uid !== undefined || gid !== undefined) await file.chown(uid ?? found.uid, gid ?? found.gid);
    if (attributes.mode !== undefined) await file.chmod(octal(attributes.mode));
  } finally {
    await file.close();
  }
}

export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** `work` at a path whose folder must be there. */
export async function withParent<T>(path: string, work: () => Promise<T>): Promise<T> {
  await checkWay(path);
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new HavnError(`The folder of ${path} is not there`, {
      detail: "Declare it as a directory, or depend on the package that brings it.",
      cause: error,
    });
  }
}

/**
 * Refuses a path that leads through a link which somebody else than root and the agent's user may put elsewhere: with
 * the agent's rights, it could make any file theirs. Folders that do not exist are no matter of this.
 */
export async function checkWay(path: string): Promise<void> {
  const trusted = new Set([0, process.getuid?.() ?? 0]);
  const folders = dirname(path).split("/").filter(Boolean);
  let here = "";
  for (const folder of folders) {
    here += `/${folder}`;
    const found: Stats | undefined = await findStats(here);
    if (!found) return;
    if (found.isSymbolicLink() && !trusted.has(found.uid))
      throw new HavnError(`${path} leads through ${here}, a link that is not root's`, {
        detail: `Whoever owns the link (user id ${found.uid}) decides where it leads. Name the folder itself.`,
      });
  }
}

export const octal = (mode: string): number => Number.parseInt(mode, 8);
