import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../commands.ts";

/** Contents of files by their digest: written once, readable by the agent's user alone, never sent anywhere. */
export interface Blobs {
  /** Copies a file in. Gives its sha256, in hex. */
  keep(source: FileHandle): Promise<string>;
  /** What was kept is on the disk when it resolves. */
  settle(): Promise<void>;
  path(digest: string): string;
  has(digest: string): Promise<boolean>;
  /** Removes all but these. */
  sweep(used: ReadonlySet<string>): Promise<void>;
  /** Bytes that are kept. */
  size(): Promise<number>;
}

/** A larger file is not kept: what was in it cannot be put back. */
export const largestKept = 64 * 1024 * 1024;

const mostAlone = 8;
const chunkBytes = 256 * 1024;

export async function openBlobs(directory: string): Promise<Blobs> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (digest: string) => join(directory, digest);
  const has = (digest: string) =>
    stat(pathOf(digest)).then(
      () => true,
      () => false,
    );
  const unsettled = new Set<string>();
  return {
    has,
    path: pathOf,
    async keep(source) {
      const temporary = join(directory, `.${randomBytes(8).toString("hex")}`);
      const hash = createHash("sha256");
      try {
        await using target = await open(temporary, "wx", 0o600);
        for await (const chunk of chunksOf(source)) {
          hash.update(chunk);
          await target.writeFile(chunk);
        }
        const digest = hash.digest("hex");
        await rename(temporary, pathOf(digest));
        unsettled.add(digest);
        return digest;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async settle() {
      const digests = [...unsettled];
      if (digests.length === 0) return;
      // One sync of the file system costs less than many of files.
      if (digests.length > mostAlone) await mustRun(["sync", "--file-system", directory]);
      else for (const path of [...digests.map(pathOf), directory]) await syncPath(path);
      for (const digest of digests) unsettled.delete(digest);
    },
    async sweep(used) {
      for (const name of await readdir(directory))
        if (!used.has(name)) await rm(join(directory, name), { force: true });
    },
    async size() {
      const names = await readdir(directory);
      const sizes = await Promise.all(
        names.map((name) =>
          stat(join(directory, name)).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    },
  };
}

/** The sha256 of a file, in hex. */
export async function digestOf(source: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(source)) hash.update(chunk);
  return hash.digest("hex");
}

/** From the beginning, without a stream's cost, as most files are small. A chunk is good until the next is asked for. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(Math.min(size + 1, chunkBytes));
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, { position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function syncPath(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}
