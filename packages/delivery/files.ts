import { open, readFile, rename, rm } from "node:fs/promises";

/** Whole or not at all: a reader never sees half of it, and it is there after a power cut. */
export async function writeFileAtomic(path: string, content: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  {
    await using file = await open(temporary, "wx", mode);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(temporary, path);
}

/** The parsed content; undefined for a file that is missing or damaged (then what it told is found out again). */
export async function findJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
