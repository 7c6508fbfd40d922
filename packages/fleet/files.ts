import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes the whole file or nothing, and resolves when it is on disk: readers never see half of it. */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  await withFile(await open(temporary, "w", mode), async (file) => {
    // An old temporary file keeps its mode when it is opened again.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  });
  await rename(temporary, path);
  await withFile(await open(dirname(path), "r"), (directory) => directory.sync());
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
