import { access, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces a file so that after a crash, of the process or the computer, it is whole: the old or the new one. */
export async function writeDurable(path: string, content: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.new`;
  const file = await open(temporary, "w", mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Parsed JSON of a file that may not exist. */
export async function findJson<T>(path: string): Promise<T | undefined> {
  const text = await findText(path);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

export async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ESRCH") return undefined;
    throw error;
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
