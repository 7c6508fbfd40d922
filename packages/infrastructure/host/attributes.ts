import { constants } from "node:fs";
import { chmod, chown, type FileHandle, lchown, lstat, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { HavnError } from "@havn/model";
import type { Attributes } from "../resources/type.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { findStats } from "./files.ts";
import { withWay } from "./way.ts";

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
export const setAttributes = (path: string, attributes: Attributes): Promise<void> =>
  withWay(path, (at) => setAttributesAt(at, attributes, path));

async function setAttributesAt(path: string, attributes: Attributes, shown: string): Promise<void> {
  const { uid, gid } = await ownerIds(attributes);
  const found = await lstat(path);
  if (found.isSymbolicLink()) {
    await lchown(path, uid ?? found.uid, gid ?? found.gid);
    return;
  }
  if (!found.isFile() && !found.isDirectory())
    return setSpecialAttributes(path, { uid, gid, mode: attributes.mode }, shown);
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const now = await file.stat();
  if (!now.isFile() && !now.isDirectory()) throw changedMeanwhile(shown);
  // In a folder that is somebody else's it may be another name of a file that is root's.
  if (path !== shown && uid !== undefined && uid !== now.uid && now.isFile() && now.nlink > 1)
    throw new HavnError(`${shown} has other names`, {
      detail: "Its owner is not changed: it may be another file, linked there. Remove it first.",
    });
  if (uid !== undefined || gid !== undefined) await file.chown(uid ?? now.uid, gid ?? now.gid);
  if (attributes.mode !== undefined) await file.chmod(octal(attributes.mode));
}

/** open(2): a handle of the thing itself, which nothing is read or written through; Node does not name it. */
const pathOnly = 0o10000000;

/** Devices, sockets, FIFOs: to open one may do something, so only its place is held. */
async function setSpecialAttributes(
  path: string,
  { uid, gid, mode }: { uid: number | undefined; gid: number | undefined; mode: string | undefined },
  shown: string,
): Promise<void> {
  await using file = await open(path, pathOnly | constants.O_NOFOLLOW);
  const now = await file.stat();
  if (now.isSymbolicLink() || now.isFile() || now.isDirectory()) throw changedMeanwhile(shown);
  const held = `/proc/self/fd/${file.fd}`;
  await chown(held, uid ?? now.uid, gid ?? now.gid);
  if (mode !== undefined) await chmod(held, octal(mode));
}

const changedMeanwhile = (path: string) =>
  new HavnError(`${path} was put in another's place while it was looked at`, {
    detail: "Who may write in its folder did that. Nothing was changed.",
  });

export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** `work` at a path whose folder must be there, under a name that nobody can lead elsewhere meanwhile. */
export async function withParent<T>(path: string, work: (at: string) => Promise<T>): Promise<T> {
  try {
    return await withWay(path, work);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || (await findStats(dirname(path)))) throw error;
    throw new HavnError(`The folder of ${path} is not there`, {
      detail: "Declare it as a directory, or depend on the package that brings it.",
      cause: error,
    });
  }
}

export const octal = (mode: string): number => Number.parseInt(mode, 8);
