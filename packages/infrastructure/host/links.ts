import { lchown, link, lstat, rm, symlink } from "node:fs/promises";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { ownerIds, withParent } from "./attributes.ts";
import { mustRun } from "./commands.ts";
import { checkWay, withWay } from "./way.ts";
import { renameInto, temporaryBeside } from "./write-file.ts";

export async function makeLink({ path, target, attributes }: Operation & { kind: "symlink" }): Promise<void> {
  await withParent(path, async (at) => {
    const temporary = temporaryBeside(at);
    await rm(temporary, { force: true });
    await symlink(target, temporary);
    const { uid, gid } = await ownerIds(attributes);
    if (uid !== undefined || gid !== undefined) {
      const made = await lstat(temporary);
      await lchown(temporary, uid ?? made.uid, gid ?? made.gid);
    }
    await renameInto(temporary, at, path);
  });
}

export async function makeHardLink({ path, target }: Operation & { kind: "hard link" }): Promise<void> {
  await checkWay(target);
  const found = await lstat(target).catch(() => undefined);
  if (!found?.isFile())
    throw new HavnError(`${target} is no file to link to`, {
      detail: `${path} was to be another name of it. Depend on what makes it, or correct the path.`,
    });
  await withParent(path, async (at) => {
    const temporary = temporaryBeside(at);
    await rm(temporary, { force: true });
    await link(target, temporary).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EXDEV") throw error;
      throw new HavnError(`${path} and ${target} are on different file systems`, {
        detail: "A hard link cannot lead from one to the other. Use a symlink.",
      });
    });
    await renameInto(temporary, at, path);
    // Two names of one file: then a rename does nothing, and the spare name stays.
    await rm(temporary, { force: true });
  });
}

/** `rm` keeps away from mounts inside, and follows no link that is put there meanwhile. */
export async function removeTree(path: string): Promise<void> {
  if (path.split("/").filter(Boolean).length < 2)
    throw new HavnError(`${path} is not removed`, {
      detail: "Havn removes no folder that stands at the root of the file system.",
    });
  await withWay(path, (at) => mustRun(["rm", "-rf", "--one-file-system", "--", at]));
}
