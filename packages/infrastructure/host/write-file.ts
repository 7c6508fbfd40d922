import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Puts a file in its place in one step: who reads sees the old one or the new one, and after a power cut one of the
 * two is there, whole. `prepare` gets the new file before it is in place; when it throws, nothing has changed.
 */
export async function writeFileAtomically(
  path: string,
  content: string,
  prepare?: (file: FileHandle, temporary: string) => Promise<void>,
): Promise<void> {
  // Always the same name, so that what a crash left is found by the next try.
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.havn-new`);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content, "utf8");
      await prepare?.(file, temporary);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
