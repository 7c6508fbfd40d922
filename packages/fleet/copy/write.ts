import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { HavnError } from "@havn/model";
import type { ByteSource, CopyHead } from "./format.ts";
import { readHead } from "./format.ts";

export interface WriteOptions {
  /** Numbers of who shall own it; unset: as what it replaces, else who writes. */
  uid?: number | undefined;
  gid?: number | undefined;
  /** Of files; unset: as they were. */
  mode?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

export interface Written {
  files: number;
  bytes: number;
  /** Files that were there already. */
  unchanged: number;
}

type FileHead = Extract<CopyHead, { type: "file" }>;

/**
 * Writes a stream of format.ts. One source becomes `destination`; several, a destination that ends with a slash, and a
 * file where `destination` is a folder go into it. Each file is replaced at once, after its content is on disk and its
 * checksum right; what fails leaves it as it was. Names that lead out of `destination`, and links in it, are refused.
 */
export async function writeFiles(
  source: ByteSource,
  destination: string,
  options: WriteOptions = {},
): Promise<Written> {
  const begin = await readHead(source);
  if (begin.type !== "begin") throw outOfOrder();
  const into = await goesInto(destination, begin.roots);
  const root = destination.replace(/(?<=.)\/+$/, "");
  const written: Written = { files: 0, bytes: 0, unchanged: 0 };
  /** Modes of folders are set at the end: a closed one could not be filled. */
  const folders: { path: string; mode: number }[] = [];
  if (into) await makeFolder(root);
  const [first] = begin.roots;
  const placeOf = async (path: string): Promise<string> => {
    checkPath(path);
    const name = first?.name ?? "";
    // Cutting off a name that it does not begin with would make another path of it than the one that was checked.
    if (!into && path !== name && !path.startsWith(`${name}/`)) throw outOfOrder();
    const inside = into ? path : path.slice(name.length + 1);
    const place = inside === "" ? root : join(root, inside);
    for (let at = inside === "" ? "" : dirname(inside); at !== "." && at !== ""; at = dirname(at))
      await refuseLink(join(root, at));
    return place;
  };
  for (;;) {
    options.signal?.throwIfAborted();
    const head = await readHead(source);
    switch (head.type) {
      case "begin":
        throw outOfOrder();
      case "end":
        if (head.files !== written.files) throw outOfOrder();
        for (const { path, mode } of folders.reverse()) await setAttributes(path, { mode }, path === root);
        return written;
      case "folder": {
        const place = await placeOf(head.path);
        if (place !== root) await refuseLink(place);
        await makeFolder(place);
        await setAttributes(place, { uid: options.uid, gid: options.gid }, place === root);
        folders.push({ path: place, mode: head.mode });
        break;
      }
      case "link":
        await replaceBy(await placeOf(head.path), (temporary) => symlink(head.target, temporary));
        break;
      case "file":
        await putFile(source, await placeOf(head.path), head, written, options);
        written.files += 1;
        written.bytes += head.size;
        options.onProgress?.(written.bytes);
    }
  }
}

async function goesInto(destination: string, roots: readonly { folder: boolean }[]): Promise<boolean> {
  if (destination.endsWith("/") || roots.length > 1) return true;
  const found = await stat(destination).catch(() => undefined);
  return found?.isDirectory() === true && roots[0]?.folder === false;
}

function checkPath(path: string): void {
  if (
    isAbsolute(path) ||
    path.includes("\0") ||
    path.split("/").some((part) => part === ".." || part === "." || part === "")
  )
    throw new HavnError(`"${path}" leads out of where it is copied to`, { status: 400 });
}

async function refuseLink(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isSymbolicLink())
    throw new HavnError(`${folder} is a link`, {
      detail:
        "What is copied would land somewhere else. Remove the link, or name its target as the destination.",
      status: 409,
    });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function putFile(
  source: ByteSource,
  path: string,
  head: FileHead,
  written: Written,
  options: WriteOptions,
): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory())
    throw new HavnError(`${path} is a folder, and a file is copied there`, {
      detail: "Remove it, or name another destination.",
      status: 409,
    });
  const mode = options.mode ?? head.mode;
  const owner = {
    uid: options.uid ?? (found?.isFile() ? found.uid : undefined),
    gid: options.gid ?? (found?.isFile() ? found.gid : undefined),
  };
  if (found?.isFile() && found.size === head.size && (await sha256Of(path)) === head.sha256) {
    await source.skip(head.size);
    await setAttributes(path, { ...owner, mode });
    written.unchanged += 1;
    return;
  }
  await replaceBy(path, async (temporary) => {
    await receive(source, temporary, { head, path, before: written.bytes, options });
    await setAttributes(temporary, { ...owner, mode });
  });
}

async function receive(
  source: ByteSource,
  temporary: string,
  about: { head: FileHead; path: string; before: number; options: WriteOptions },
): Promise<void> {
  const { head, path, before, options } = about;
  const file = await open(temporary, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    for (let at = 0; at < head.size; ) {
      options.signal?.throwIfAborted();
      const bytes = await source.some(Math.min(head.size - at, 1 << 20));
      hash.update(bytes);
      await file.writeFile(bytes);
      at += bytes.length;
      options.onProgress?.(before + at);
    }
    if (hash.digest("hex") !== head.sha256)
      throw new HavnError(`${path} arrived with another checksum than it left with`, {
        detail: "It was changed while it was copied, or damaged on the way. It is as it was; copy it again.",
        status: 409,
      });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** `make` fills a name beside `path`; it takes the place of `path` at once, or is gone. */
async function replaceBy(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 200)}.havn-${randomBytes(6).toString("hex")}`,
  );
  try {
    await make(temporary);
    await rename(temporary, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause instanceof HavnError || (cause as Error).name === "AbortError"
      ? cause
      : unwritable(path, cause);
  }
}

/** Of what stands there itself: a link that somebody put in its place meanwhile is not followed. */
async function setAttributes(
  path: string,
  { uid, gid, mode }: Pick<WriteOptions, "uid" | "gid" | "mode">,
  follow = false,
): Promise<void> {
  if (uid === undefined && gid === undefined && mode === undefined) return;
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = await open(path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    try {
      if (uid !== undefined || gid !== undefined) await file.chown(uid ?? -1, gid ?? -1);
      if (mode !== undefined) await file.chmod(mode);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for await (const piece of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false }))
      hash.update(piece as Uint8Array);
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

const outOfOrder = () =>
  new HavnError("What was copied arrived out of order", {
    detail: "Are the two sides of the same version?",
    status: 502,
  });

const reasons: Record<string, string> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "a part of its path is no folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  EEXIST: "something else is there",
  ENOTEMPTY: "it is a folder",
  EBUSY: "it is a mount point or in use",
};

function unwritable(path: string, cause: unknown): HavnError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new HavnError(`${path} was not written: ${reasons[code] ?? message}`, {
    detail: "It is as it was.",
    status: 409,
    cause,
  });
}
