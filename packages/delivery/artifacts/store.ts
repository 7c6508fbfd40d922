import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { HavnError } from "@havn/model";
import type { Sql } from "@havn/postgres";
import { deleteArtifact, findArtifact, insertArtifact, isStored, listUnneededArtifacts } from "../store.ts";
import { checkArchive } from "./archive.ts";
import { type FileArtifacts, openFileArtifacts } from "./files.ts";
import { syncPath, writeMeasured } from "./write.ts";

const mebibyte = 2 ** 20;
export const artifactSizeLimit = 512 * mebibyte;
const limits = { unpacked: 4096 * mebibyte, entries: 200_000 };
/** Releases a service whose artifacts are kept, so that a rollback finds its files. */
const keepReleases = 10;

export interface StoredArtifact {
  /** Of the source: the name under which it was uploaded. */
  digest: string;
  /** Of the .tar.gz itself: the name under which agents fetch it. */
  sha256: string;
  size: number;
}

export interface Artifacts {
  /** Resolves when it is on disk and known. A second upload under the same digest changes nothing: the first stays. */
  store(digest: string, body: Readable): Promise<StoredArtifact>;
  find(digest: string): Promise<StoredArtifact | undefined>;
  files: FileArtifacts;
  /** Up to 1 MiB from `offset`, of either kind; empty at the end. Throws a HavnError (404) for one that is not here. */
  read(sha256: string, offset: number): Promise<{ bytes: Uint8Array; size: number }>;
  /** Removes what no release needs. */
  clean(): Promise<void>;
}

export async function openArtifacts(sql: Sql, directory: string): Promise<Artifacts> {
  const incoming = join(directory, "incoming");
  const pathOf = (sha256: string) => join(directory, `${sha256}.tar.gz`);
  await mkdir(incoming, { recursive: true });
  // Uploads that a fallen server left half done: nobody will go on with them.
  for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });

  const find = async (digest: string): Promise<StoredArtifact | undefined> => {
    const row = await findArtifact(sql, digest);
    const present = row && (await stat(pathOf(row.sha256)).catch(() => undefined));
    return row && present?.size === row.size ? { digest, ...row } : undefined;
  };
  const files = await openFileArtifacts(join(directory, "files"), incoming);
  return {
    find,
    files,
    async store(digest, body) {
      // It may fail while the database is asked; the pipeline below tells of it.
      body.on("error", () => {});
      const present = await find(digest);
      if (present) {
        body.resume();
        return present;
      }
      const temporary = join(incoming, randomUUID());
      try {
        const { sha256, size } = await writeMeasured(body, temporary, {
          largest: artifactSizeLimit,
          advice: "Leave out what the service does not need at run time.",
        });
        await checkArchive(temporary, limits);
        await rename(temporary, pathOf(sha256));
        await syncPath(directory);
        // A row whose file was lost is replaced: what is here now is the artifact.
        await deleteArtifact(sql, digest);
        await insertArtifact(sql, { sourceDigest: digest, sha256, size });
        return { digest, sha256, size };
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async read(sha256, offset) {
      const file = /^[0-9a-f]{64}$/.test(sha256)
        ? await open(pathOf(sha256)).catch(() => open(files.path(sha256)).catch(() => undefined))
        : undefined;
      if (!file)
        throw new HavnError(`There is no artifact ${sha256.slice(0, 12)}`, {
          detail:
            "Only those of the newest releases and of what is declared are kept. Deploy or apply again from the source.",
          status: 404,
        });
      await using _ = file;
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.max(0, Math.min(mebibyte, size - offset)));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      return { bytes: bytes.subarray(0, bytesRead), size };
    },
    async clean() {
      for (const { sourceDigest, sha256 } of await listUnneededArtifacts(sql, keepReleases)) {
        await deleteArtifact(sql, sourceDigest);
        if (!(await isStored(sql, sha256))) await rm(pathOf(sha256), { force: true });
      }
    },
  };
}
