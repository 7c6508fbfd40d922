import { createWriteStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HavnError } from "@havn/model";

/** What runs read: kept on disk while hosts fetch it, each in its own time. */
export interface Inputs {
  /** Resolves with its size once it is on disk. */
  put(run: string, content: Readable, signal: AbortSignal): Promise<number>;
  read(run: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
  /** Gives `to` what `from` had; undefined where it is no longer kept. */
  reuse(from: string, to: string): Promise<number | undefined>;
  remove(run: string): Promise<void>;
  /** Removes all but those of these runs. */
  keep(runs: ReadonlySet<string>): Promise<void>;
}

const pieceBytes = 1 << 20;

export function createInputs(directory: string): Inputs {
  const pathOf = (run: string) => join(directory, run);
  return {
    async put(run, content, signal) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = pathOf(run);
      try {
        await pipeline(content, createWriteStream(path, { mode: 0o600, flush: true }), { signal });
      } catch (cause) {
        await rm(path, { force: true });
        if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
        throw new HavnError("The control plane's disk is full", {
          detail: "What is copied is kept there until the hosts have it. Make room, or copy less at once.",
          status: 507,
          cause,
        });
      }
      return (await stat(path)).size;
    },
    async read(run, offset) {
      const file = await open(pathOf(run), "r");
      try {
        const { size } = await file.stat();
        const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(pieceBytes, size - offset)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        return { size, bytes: buffer.subarray(0, bytesRead) };
      } finally {
        await file.close();
      }
    },
    async reuse(from, to) {
      try {
        await copyFile(pathOf(from), pathOf(to));
        return (await stat(pathOf(to))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    remove: (run) => rm(pathOf(run), { force: true }),
    async keep(runs) {
      const names = await readdir(directory).catch(() => []);
      for (const name of names) if (!runs.has(name)) await rm(pathOf(name), { force: true });
    },
  };
}
