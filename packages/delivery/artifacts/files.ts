import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { HavnError } from "@havn/model";
import { syncPath, writeMeasured } from "./write.ts";

export const fileSizeLimit = 2 ** 30;

/** Files that configurations bring to hosts and that are too large for a graph. Each is named by its own sha256. */
export interface FileArtifacts {
  /**
   * Resolves with its size once it is on disk. Throws a HavnError (400) for content with another sha256; a second upload
   * changes nothing.
   */
  store(sha256: string, body: Readable): Promise<number>;
  /** Who asks is about to need it: it is kept for a day from now. */
  has(sha256: string): Promise<boolean>;
  path(sha256: string): string;
  /** Removes what neither `used` names nor anybody uploaded or asked for within a day before `now`. */
  clean(used: () => Promise<string[]>, now: number): Promise<void>;
}

const dayMs = 86_400_000;

export async function openFileArtifacts(directory: string, incoming: string): Promise<FileArtifacts> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (sha256: string) => join(directory, sha256);
  const find = (sha256: string) => stat(path(sha256)).catch(() => undefined);

  async function touch(sha256: string): Promise<boolean> {
    const now = new Date();
    return utimes(path(sha256), now, now).then(
      () => true,
      () => false,
    );
  }

  return {
    path,
    has: touch,
    async store(sha256, body) {
      // It may fail while the disk is asked; the pipeline below tells of it.
      body.on("error", () => {});
      const present = (await touch(sha256)) && (await find(sha256));
      if (present) {
        body.resume();
        return present.size;
      }
      const temporary = join(incoming, randomUUID());
      try {
        const written = await writeMeasured(body, temporary, {
          largest: fileSizeLimit,
          advice: "Put it where the hosts can fetch it, and declare download with its sha256.",
        });
        if (written.sha256 !== sha256)
          throw new HavnError("The upload is not what was announced", {
            detail: `Its sha256 is ${written.sha256}, not ${sha256}. Did the file change meanwhile? Plan again.`,
            status: 400,
          });
        await rename(temporary, path(sha256));
        await syncPath(directory);
        return written.size;
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async clean(used, now) {
      const isOld = async (name: string) => ((await find(name))?.mtimeMs ?? now) < now - dayMs;
      const old: string[] = [];
      for (const name of await readdir(directory)) if (await isOld(name)) old.push(name);
      if (old.length === 0) return;
      const kept = new Set(await used());
      // Somebody may have asked for it since.
      for (const name of old)
        if (!kept.has(name) && (await isOld(name))) await rm(path(name), { force: true });
    },
  };
}
