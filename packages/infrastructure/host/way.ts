import { constants, existsSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HavnError } from "@havn/model";
import { findStats } from "./files.ts";

const mostLinks = 40;

/**
 * `work` with a name of `path` that leads where it led when it was looked at: where somebody else than root could change
 * a folder on the way, and put a link in its place meanwhile, the folder is held open and the name goes through that.
 */
export async function withWay<T>(path: string, work: (at: string) => Promise<T>): Promise<T> {
  if (!(await checkWay(path)) || !existsSync("/proc/self/fd")) return work(path);
  const folder = await openFolder(dirname(path), path);
  // Programs that are given the name are other processes.
  const held = `/proc/${process.pid}/fd/${folder.fd}`;
  try {
    return await work(`${held}/${basename(path)}`);
  } catch (error) {
    if (error instanceof Error && !(error instanceof HavnError))
      error.message = error.message.replaceAll(held, dirname(path));
    throw error;
  } finally {
    await folder.close();
  }
}

const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens what is to be read for somebody: never through a link in its own place, and on the way only through links that
 * root made. What is told of the file is asked of the handle: the name may lead elsewhere by then.
 */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, readOnly);
  // Where no link was followed, the kernel knows it by the same name; looking at each folder is only for the others.
  const known = await readlink(`/proc/self/fd/${file.fd}`).catch(() => undefined);
  if (known === path) return file;
  await file.close();
  return withWay(path, (at) => open(at, readOnly));
}

export const isTrusted = (uid: number): boolean => uid === 0 || uid === (process.getuid?.() ?? 0);

/**
 * Refuses a path that leads through a link which somebody else than root and the agent's user may put elsewhere: with
 * the agent's rights, it could make any file theirs. Folders that do not exist are no matter of this. Gives whether
 * somebody else may change a folder on the way.
 */
export async function checkWay(path: string): Promise<boolean> {
  const folders = dirname(path).split("/").filter(Boolean);
  let here = "";
  let isOpen = false;
  for (const folder of folders) {
    here += `/${folder}`;
    const found: Stats | undefined = await findStats(here);
    if (!found) return isOpen;
    if (found.isSymbolicLink()) {
      if (!isTrusted(found.uid)) throw ledAstray(path, here, found.uid);
      // Where it leads is looked at by the way that is held open.
      isOpen = true;
    } else isOpen ||= !isTrusted(found.uid) || (found.mode & 0o022) !== 0;
  }
  return isOpen;
}

/** Folder after folder, each opened in the one before; links are followed only where root made them. */
async function openFolder(folder: string, path: string): Promise<FileHandle> {
  let names = folder.split("/").filter(Boolean);
  let here = "/";
  let handle = await open("/", constants.O_RDONLY | constants.O_DIRECTORY);
  for (let links = 0; names.length > 0; ) {
    const [name = "", ...rest] = names;
    const at = `/proc/self/fd/${handle.fd}/${name}`;
    try {
      const next = await open(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      await handle.close();
      handle = next;
      here = join(here, name);
      names = rest;
    } catch (error) {
      const found = await lstat(at).catch(() => undefined);
      if (!found?.isSymbolicLink() || ++links > mostLinks) {
        await handle.close();
        throw error;
      }
      const target = await readlink(at);
      await handle.close();
      if (!isTrusted(found.uid)) throw ledAstray(path, join(here, name), found.uid);
      names = [...resolve(here, target).split("/").filter(Boolean), ...rest];
      here = "/";
      handle = await open("/", constants.O_RDONLY | constants.O_DIRECTORY);
    }
  }
  return handle;
}

export const ledAstray = (path: string, link: string, uid: number) =>
  new HavnError(`${path} leads through ${link}, a link that is not root's`, {
    detail: `Whoever owns the link (user id ${uid}) decides where it leads. Name the folder itself.`,
  });
