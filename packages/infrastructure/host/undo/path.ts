import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, lchown, mkdir, open, readFile, readlink, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { HavnError, type PropertyChange } from "@havn/model";
import { propertyChange } from "@havn/plan";
import { withParent } from "../attributes.ts";
import { findStats } from "../files.ts";
import { makeHardLink } from "../links.ts";
import { checkWay, openFile, withWay } from "../way.ts";
import { renameInto, syncFolder, temporaryBeside } from "../write-file.ts";
import type { Around, AspectKind } from "./aspect.ts";
import { digestOf, largestKept } from "./blobs.ts";

/** Ids, not names: an account may be made anew with another id in between. */
type Owned = { uid: number; gid: number; mode: number };
export type PathState =
  | { kind: "absent" }
  /**
   * `digest`: absent where the file is too large to be looked at; then its time tells whether it changed. `twin`: it
   * was another name of that file.
   */
  | ({ kind: "file"; size: number; digest?: string; modified?: number; twin?: string } & Owned)
  | ({ kind: "directory" } & Owned)
  | ({ kind: "link"; target: string } & Omit<Owned, "mode">)
  | { kind: "other" };

const longestShown = 256 * 1024;

export async function capturePath(path: string, around: Around, keep: boolean): Promise<PathState> {
  const found = await findStats(path);
  if (!found) return { kind: "absent" };
  const { uid, gid } = found;
  const mode = found.mode & 0o7777;
  if (found.isSymbolicLink()) return { kind: "link", target: await readlink(path), uid, gid };
  if (found.isDirectory()) return { kind: "directory", uid, gid, mode };
  return found.isFile() ? captureFile(path, around, keep) : { kind: "other" };
}

/** All of it of the one file that was opened: whoever may change the folder can put another one there at any time. */
async function captureFile(path: string, { blobs }: Around, keep: boolean): Promise<PathState> {
  await using file = await openFile(path);
  const found = await file.stat();
  if (!found.isFile()) return { kind: "other" };
  const { size, uid, gid } = found;
  const known = { kind: "file" as const, size, uid, gid, mode: found.mode & 0o7777 };
  if (size > largestKept) return { ...known, modified: found.mtimeMs };
  return { ...known, digest: keep ? await blobs.keep(file) : await digestOf(file) };
}

export async function restorePath(path: string, state: PathState, around: Around): Promise<void> {
  if (isUnitFile(path)) around.reload = true;
  await checkWay(path);
  switch (state.kind) {
    case "absent":
      return removePath(path, around);
    case "file":
      return restoreFile(path, state, around);
    case "directory":
      if (!(await findStats(path))?.isDirectory()) {
        await withParent(path, async (at) => {
          await rm(at, { force: true });
          await mkdir(at, { mode: 0o700 });
        });
      }
      return setOwner(path, state);
    case "link": {
      const { perform } = await import("../operations.ts");
      await clearFolder(path);
      await perform({ kind: "symlink", path, target: state.target, attributes: {} });
      return lchown(path, state.uid, state.gid);
    }
    case "other":
      return;
  }
}

async function removePath(path: string, around: Around): Promise<void> {
  const found = await findStats(path);
  if (!found) return;
  if (!found.isDirectory()) return withWay(path, (at) => rm(at, { force: true }));
  await withWay(path, (at) => rmdir(at)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY") throw error;
    around.remarks.push(`${path} stays: it holds what Havn did not put there.`);
  });
}

async function restoreFile(path: string, state: PathState & { kind: "file" }, { blobs }: Around) {
  const { digest, uid, gid, mode, twin } = state;
  if (twin !== undefined && (await isStill(twin, state)))
    return makeHardLink({ kind: "hard link", path, target: twin });
  if (digest === undefined)
    throw new HavnError(`${path} cannot be put back`, { detail: "It was too large to be kept." });
  if (await isStill(path, state)) return setOwner(path, state);
  await clearFolder(path);
  await withParent(path, async (at) => {
    const temporary = temporaryBeside(at);
    await rm(temporary, { force: true });
    await copyFile(blobs.path(digest), temporary, constants.COPYFILE_EXCL);
    const file = await open(temporary, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await file.chown(uid, gid);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameInto(temporary, at, path);
  });
  await syncFolder(path.slice(0, path.lastIndexOf("/")) || "/");
}

/** Whether another name of a file leads to what stood there. */
async function isStill(path: string, { size, digest }: PathState & { kind: "file" }): Promise<boolean> {
  const found = await findStats(path);
  if (found?.isFile() !== true || found.size !== size) return false;
  await using file = await openFile(path);
  return (await digestOf(file)) === digest;
}

/** What takes the place of an empty folder. A full one is an error. */
async function clearFolder(path: string): Promise<void> {
  if ((await findStats(path))?.isDirectory()) await rmdir(path);
}

function setOwner(path: string, { uid, gid, mode }: Owned): Promise<void> {
  return withWay(path, async (at) => {
    const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      await file.chown(uid, gid);
      await file.chmod(mode);
    } finally {
      await file.close();
    }
  });
}

/** Makes `path` another name of `twin` where that is as `state` by now. */
export async function linkIfSame(
  path: string,
  twin: string,
  state: PathState & { kind: "file" },
): Promise<void> {
  if (!(await areOne(path, twin)) && (await isStill(twin, state)))
    await makeHardLink({ kind: "hard link", path, target: twin });
}

/** Whether two names lead to one file. */
async function areOne(path: string, twin: string): Promise<boolean> {
  const [own, other] = await Promise.all([path, twin].map(findStats));
  return own !== undefined && own.ino === other?.ino && own.dev === other.dev;
}

export const pathAspect: AspectKind<{ kind: "path"; path: string; twin?: string }, PathState> = {
  name: ({ path }) => path,
  async capture({ path, twin }, around, keep) {
    const state = await capturePath(path, around, keep);
    if (state.kind !== "file" || twin === undefined) return state;
    return (await areOne(path, twin)) ? { ...state, twin } : state;
  },
  async restore({ path, twin }, state, around) {
    // A file of its own again: what is put back must not reach the other name.
    if (
      twin !== undefined &&
      state.kind === "file" &&
      state.twin === undefined &&
      (await areOne(path, twin))
    ) {
      await checkWay(path);
      await rm(path);
    }
    return restorePath(path, state, around);
  },
  obstacle: ({ path }, state, around) => obstacleOf(path, state, around),
  changes: ({ path }, now, state, around) => changesOf(path, now, state, around),
};

export async function obstacleOf(
  path: string,
  state: PathState,
  { blobs }: Around,
): Promise<string | undefined> {
  if (state.kind === "other") return `${path} was neither file, folder nor link`;
  if (state.kind !== "file") return undefined;
  if (state.digest === undefined) return `${path} was too large to be kept (${state.size} bytes)`;
  if (!(await blobs.has(state.digest))) return `what was in ${path} is no longer kept`;
  return undefined;
}

export async function changesOf(path: string, now: PathState, state: PathState, around: Around) {
  const changes: PropertyChange[] = [];
  const content = (one: PathState) =>
    one.kind === "file"
      ? (one.digest?.slice(0, 12) ?? `${one.size} bytes`)
      : one.kind === "link"
        ? one.target
        : undefined;
  if (now.kind !== state.kind) changes.push({ property: path, before: now.kind, after: state.kind });
  else if (content(now) !== content(state)) {
    const texts = await Promise.all([textOf(path, now, around), textOf(path, state, around)]);
    const [is = undefined, was = undefined] = texts;
    changes.push(
      is !== undefined && was !== undefined
        ? propertyChange(`${path} content`, is, was)
        : { property: `${path} content`, before: `(${content(now)})`, after: `(${content(state)})` },
    );
  }
  for (const property of ["mode", "uid", "gid"] as const) {
    const [is, was] = [now, state].map((one) => (property in one ? (one as Owned)[property] : undefined));
    if (is === undefined || was === undefined || is === was) continue;
    const shown = (value: number) => (property === "mode" ? value.toString(8).padStart(4, "0") : value);
    changes.push({ property: `${path} ${property}`, before: shown(is), after: shown(was) });
  }
  return changes;
}

/** Only of what everybody may read anyway, and where nothing secret is declared. */
async function textOf(
  path: string,
  state: PathState,
  { blobs, open: isOpen }: Around,
): Promise<string | undefined> {
  if (state.kind !== "file" || !isOpen || (state.mode & 0o004) === 0 || state.size > longestShown)
    return undefined;
  if (state.digest === undefined) return undefined;
  const text =
    (await readFile(blobs.path(state.digest)).catch(() => undefined)) ?? (await readNow(path, state));
  return text === undefined || text.includes(0) ? undefined : text.toString("utf8");
}

/** What stands there, if it still is what was found: another file may be there by now that is not for everybody. */
async function readNow(path: string, { digest }: PathState & { kind: "file" }): Promise<Buffer | undefined> {
  await using file = await openFile(path);
  const { size } = await file.stat();
  if (size > longestShown) return undefined;
  const content = await file.readFile();
  return createHash("sha256").update(content).digest("hex") === digest ? content : undefined;
}

export const isUnitFile = (path: string): boolean =>
  /^\/(etc|run|usr\/lib|lib|usr\/local\/lib)\/systemd\/system\//.test(path) || path === "/etc/fstab";
