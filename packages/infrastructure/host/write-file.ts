import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HavnError } from "@havn/model";

/**
 * Puts a file in its place in one step: who reads sees the old one or the new one, and after a power cut one of the
 * two is there, whole. `prepare` gets the new file before it is in place; when it throws, nothing has changed.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  prepare?: (file: FileHandle, temporary: string) => Promise<void>,
): Promise<void> {
  await replaceAtomically(path, async (file, temporary) => {
    await file.writeFile(content, "utf8");
    await prepare?.(file, temporary);
  });
}

/** The same for what is written piece by piece: `fill` gets the new file before it is in place. */
export async function replaceAtomically(
  path: string,
  fill: (file: FileHandle, temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await fill(file, temporary);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameInto(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Files are written beside their place: until all of one is on the disk, the old one stays. */
export const noRoom = (path: string, cause?: unknown) =>
  new HavnError(`There is no room left on the disk for ${path}`, {
    detail: "What stood there stays. Make room or enlarge the disk, then apply again.",
    ...(cause !== undefined && { cause }),
  });

/** Always the same name, so that what a crash left is found by the next try. */
export const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 200)}.havn-new`);

/** `shown`: what a person knows the path by. */
export async function renameInto(temporary: string, path: string, shown = path): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    throw new HavnError(`${shown} is a mount point`, {
      detail: "It cannot be replaced in one step. Change what is mounted there, or unmount it.",
      cause: error,
    });
  }
}

/** Of each folder: the sync that has begun, and the one that all share who came after its beginning. */
const syncing = new Map<string, { current: Promise<void>; next?: Promise<void> | undefined }>();

/** The folder's names reach the disk. Who asks while it is synced already waits for one more, together with others. */
export function syncFolder(path: string): Promise<void> {
  const under = syncing.get(path);
  if (under) {
    under.next ??= under.current.then(ignore, ignore).then(() => begin(path));
    return under.next;
  }
  return begin(path);
}

const ignore = () => {};

function begin(path: string): Promise<void> {
  const current = syncNow(path).finally(() => {
    if (syncing.get(path)?.current === current && !syncing.get(path)?.next) syncing.delete(path);
  });
  syncing.set(path, { current });
  return current;
}

async function syncNow(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
