import { createHash } from "node:crypto";
import type { BigIntStats, Stats } from "node:fs";
import { type FileHandle, lstat, readdir, readlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { HavnError } from "@havn/model";
import type { FileStat, FileView } from "../resources/type.ts";
import type { Accounts } from "./accounts.ts";
import { isTrusted, ledAstray, openFile } from "./way.ts";

/** The files of this host as they are. */
export function openFiles(accounts: Accounts): FileView {
  return {
    async stat(path) {
      const found = await findStats(path);
      if (!found) return undefined;
      const [owner, group] = await Promise.all([accounts.userName(found.uid), accounts.groupName(found.gid)]);
      return {
        kind: kindOf(found),
        size: found.size,
        identity: `${found.dev}:${found.ino}`,
        owner,
        group,
        mode: (found.mode & 0o7777).toString(8).padStart(4, "0"),
      };
    },
    read: readRegular,
    digest: digestOfFile,
    target: (path) => readlink(path),
    list: async (path) => (await readdir(path)).sort(),
  };
}

const mostLinks = 40;

/**
 * Opens a file to be read: nothing else, whatever somebody puts in its place after it was looked at (a FIFO would hold the
 * agent up for ever), and through a link in its own place only where root made that.
 */
async function openRegular(path: string, links = 0): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await openFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP" || links === mostLinks) throw error;
    const link = await lstat(path);
    if (!link.isSymbolicLink()) throw error;
    if (!isTrusted(link.uid)) throw ledAstray(path, path, link.uid);
    return openRegular(resolve(dirname(path), await readlink(path)), links + 1);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new HavnError(`${path} is no file`, {
    detail: "It was one when it was looked at, or a link led there.",
  });
}

/** The whole content. */
export async function readRegular(path: string): Promise<Buffer> {
  await using file = await openRegular(path);
  return await file.readFile();
}

export const findStats = (path: string): Promise<Stats | undefined> =>
  lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });

function kindOf(found: Stats): FileStat["kind"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "link" : "other";
}

/** Large files are looked at every few seconds: what has not changed since is not read again. */
const known = new Map<string, { version: string; digest: string }>();
const mostKnown = 10_000;

async function digestOfFile(path: string): Promise<string> {
  const found = known.get(path);
  if (found?.version === versionOf(await lstat(path, { bigint: true }))) return found.digest;
  await using file = await openRegular(path);
  const stats = await file.stat({ bigint: true });
  const { mtimeNs } = stats;
  const version = versionOf(stats);
  const hash = createHash("sha256");
  await pipeline(file.createReadStream({ highWaterMark: 1 << 18, autoClose: false }), hash);
  const digest = hash.digest("hex");
  if (known.size >= mostKnown) known.clear();
  // A file that changed just now may change again within the clock's resolution: look again next time.
  if (BigInt(Date.now()) * 1_000_000n - mtimeNs > 2_000_000_000n) known.set(path, { version, digest });
  return digest;
}

const versionOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(":");
