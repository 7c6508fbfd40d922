import { createHash } from "node:crypto";
import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { FileStat, FileView } from "../resources/type.ts";
import type { Accounts } from "./accounts.ts";

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
    read: (path) => readFile(path),
    digest: digestOfFile,
    target: (path) => readlink(path),
    list: async (path) => (await readdir(path)).sort(),
  };
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
  const { dev, ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
  const version = [dev, ino, size, mtimeNs, ctimeNs].join(":");
  const found = known.get(path);
  if (found?.version === version) return found.digest;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), hash);
  const digest = hash.digest("hex");
  if (known.size >= mostKnown) known.clear();
  // A file that changed just now may change again within the clock's resolution: look again next time.
  if (BigInt(Date.now()) * 1_000_000n - mtimeNs > 2_000_000_000n) known.set(path, { version, digest });
  return digest;
}
