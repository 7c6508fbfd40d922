import { constants } from "node:fs";
import { copyFile, lchown, mkdir, open, readdir, readFile, readlink, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { HavnError, type PropertyChange } from "@havn/model";
import { propertyChange, sameValue } from "@havn/plan";
import { withParent } from "../attributes.ts";
import { findStats } from "../files.ts";
import { makeHardLink, removeTree } from "../links.ts";
import { checkWay, withWay } from "../way.ts";
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

export type TreeState = { entries: Record<string, PathState>; tooLarge?: string };

const mostEntries = 20_000;
const largestTree = 256 * 1024 * 1024;
const longestShown = 256 * 1024;

export async function capturePath(path: string, around: Around, keep: boolean): Promise<PathState> {
  const found = await findStats(path);
  if (!found) return { kind: "absent" };
  const { uid, gid } = found;
  const mode = found.mode & 0o7777;
  if (found.isSymbolicLink()) return { kind: "link", target: await readlink(path), uid, gid };
  if (found.isDirectory()) return { kind: "directory", uid, gid, mode };
  if (!found.isFile()) return { kind: "other" };
  const { size } = found;
  if (size > largestKept) return { kind: "file", size, uid, gid, mode, modified: found.mtimeMs };
  const digest = keep ? await around.blobs.keep(path) : await digestOf(path);
  return { kind: "file", size, uid, gid, mode, digest };
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
  return found?.isFile() === true && found.size === size && (await digestOf(path)) === digest;
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

async function obstacleOf(path: string, state: PathState, { blobs }: Around): Promise<string | undefined> {
  if (state.kind === "other") return `${path} was neither file, folder nor link`;
  if (state.kind !== "file") return undefined;
  if (state.digest === undefined) return `${path} was too large to be kept (${state.size} bytes)`;
  if (!(await blobs.has(state.digest))) return `what was in ${path} is no longer kept`;
  return undefined;
}

async function changesOf(path: string, now: PathState, state: PathState, around: Around) {
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
  const kept = await readFile(blobs.path(state.digest)).catch(() => readFile(path));
  return kept.includes(0) ? undefined : kept.toString("utf8");
}

export const treeAspect: AspectKind<{ kind: "tree"; path: string }, TreeState> = {
  name: ({ path }) => path,
  async capture({ path }, around, keep) {
    const state: TreeState = { entries: {} };
    let bytes = 0;
    const visit = async (relative: string): Promise<void> => {
      if (state.tooLarge !== undefined) return;
      const here = join(path, relative);
      const found = await findStats(here);
      bytes += found?.isFile() ? found.size : 0;
      if (bytes > largestTree || Object.keys(state.entries).length >= mostEntries) {
        state.tooLarge = `${path} holds more than is kept (${mostEntries} entries, ${largestTree >> 20} MiB)`;
        return;
      }
      state.entries[relative] = await capturePath(here, around, keep);
      if (found?.isDirectory())
        for (const name of (await readdir(here)).sort()) await visit(join(relative, name));
    };
    await visit(".");
    return state;
  },
  async restore({ path }, { entries }, around) {
    if (entries["."]?.kind === "absent") {
      if (await findStats(path)) await removeTree(path);
      return;
    }
    for (const [relative, state] of Object.entries(entries))
      await restorePath(relative === "." ? path : join(path, relative), state, around);
    const now = await treeAspect.capture({ kind: "tree", path }, around, false);
    for (const relative of Object.keys(now.entries).reverse())
      if (!entries[relative]) await restorePath(join(path, relative), { kind: "absent" }, around);
  },
  async obstacle({ path }, { entries, tooLarge }, around) {
    if (tooLarge !== undefined) return tooLarge;
    for (const [relative, state] of Object.entries(entries)) {
      const why = await obstacleOf(join(path, relative), state, around);
      if (why !== undefined) return why;
    }
    return undefined;
  },
  async changes({ path }, now, state, around) {
    const names = [...new Set([...Object.keys(now.entries), ...Object.keys(state.entries)])];
    const changed = names.filter((name) => !sameValue(now.entries[name], state.entries[name]));
    const shown = changed
      .slice(0, 20)
      .map((name) =>
        changesOf(
          name === "." ? path : join(path, name),
          now.entries[name] ?? { kind: "absent" },
          state.entries[name] ?? { kind: "absent" },
          around,
        ),
      );
    const rest = changed.length - shown.length;
    const more = rest > 0 ? [{ property: path, after: `(${rest} more)` }] : [];
    return [...(await Promise.all(shown)).flat(), ...more];
  },
};

export const folderAspect: AspectKind<{ kind: "folder"; path: string }, boolean> = {
  name: ({ path }) => path,
  capture: async ({ path }) => (await findStats(path)) !== undefined,
  async restore({ path }, wasThere) {
    if (!wasThere && (await findStats(path))) await removeTree(path);
  },
  obstacle: async ({ path }, wasThere) => (wasThere ? `what was in ${path} was not kept` : undefined),
};

export const isUnitFile = (path: string): boolean =>
  /^\/(etc|run|usr\/lib|lib|usr\/local\/lib)\/systemd\/system\//.test(path) || path === "/etc/fstab";
