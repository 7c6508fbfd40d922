import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { withParent } from "./attributes.ts";
import { findStats } from "./files.ts";
import { chunksOf, digestOf } from "./undo/blobs.ts";
import { openFile } from "./way.ts";
import { renameInto, replaceAtomically, temporaryBeside } from "./write-file.ts";

const keptCopies = 10;

/** Where the copies of one path are kept: told to people, so it reads as the path does. */
export const copiesOf = (copies: string, path: string): string =>
  join(copies, `${path.slice(1).replaceAll("/", "__").slice(0, 150)}-${shortDigest(path)}`);

const shortDigest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** Names of the copies in `directory`, the oldest first. */
export async function listCopies(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => !name.startsWith(".")).sort();
}

/** With owner, mode and time. The same content twice in a row is kept once. */
export async function keepCopy({ path, directory }: Operation & { kind: "keep copy" }): Promise<void> {
  if (!(await findStats(path))?.isFile()) return;
  await using source = await openFile(path);
  const found = await source.stat();
  if (!found.isFile()) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = await listCopies(directory);
  const digest = (await digestOf(source)).slice(0, 12);
  if (names.at(-1)?.endsWith(digest)) return;
  const number = Number(names.at(-1)?.split("-")[0] ?? 0) + 1;
  const copy = join(directory, `${String(number).padStart(6, "0")}-${digest}`);
  await replaceAtomically(copy, async (file) => {
    // In pieces: what is kept may be larger than memory.
    for await (const chunk of chunksOf(source)) await file.writeFile(chunk);
    await file.chown(found.uid, found.gid);
    await file.chmod(found.mode & 0o7777);
    await file.utimes(found.atime, found.mtime);
  });
  // The first one stays: a removal puts it back.
  for (const name of names.slice(1, Math.max(1, names.length + 1 - keptCopies + 1)))
    await rm(join(directory, name), { force: true });
}

export async function restoreCopy({ path, directory }: Operation & { kind: "restore copy" }): Promise<void> {
  const [first] = await listCopies(directory);
  if (first === undefined)
    throw new HavnError(`There is no copy of ${path} to put back`, {
      detail: `${directory} is empty. Write the file yourself.`,
    });
  const copy = join(directory, first);
  const kept = await stat(copy);
  await withParent(path, async (at) => {
    const temporary = temporaryBeside(at);
    // Somebody whose folder it is may have put a link there.
    await rm(temporary, { force: true });
    await copyFile(copy, temporary, constants.COPYFILE_EXCL);
    const file = await open(temporary, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await file.chown(kept.uid, kept.gid);
      await file.chmod(kept.mode & 0o7777);
      await file.utimes(kept.atime, kept.mtime);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameInto(temporary, at, path);
  });
  await rm(directory, { recursive: true, force: true });
}
