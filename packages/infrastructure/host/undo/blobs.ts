import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Contents of files by their digest: written once, readable by the agent's user alone, never sent anywhere. */
export interface Blobs {
  /** Copies a file in, durably. Gives its sha256, in hex. */
  keep(path: string): Promise<string>;
  path(digest: string): string;
  has(digest: string): Promise<boolean>;
  /** Removes all but these. */
  sweep(used: ReadonlySet<string>): Promise<void>;
  /** Bytes that are kept. */
  size(): Promise<number>;
}

/** A larger file is not kept: what was in it cannot be put back. */
export const largestKept = 64 * 1024 * 1024;

export async function openBlobs(directory: string): Promise<Blobs> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (digest: string) => join(directory, digest);
  const has = (digest: string) =>
    stat(pathOf(digest)).then(
      () => true,
      () => false,
    );
  return {
    has,
    path: pathOf,
    async keep(path) {
      const temporary = join(directory, `.${randomBytes(8).toString("hex")}`);
      const hash = createHash("sha256");
      try {
        const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
        await pipeline(
          source.createReadStream(),
          async function* (chunks: AsyncIterable<Buffer>) {
            for await (const chunk of chunks) {
              hash.update(chunk);
              yield chunk;
            }
          },
          createWriteStream(temporary, { flags: "wx", mode: 0o600, flush: true }),
        );
        const digest = hash.digest("hex");
        await rename(temporary, pathOf(digest));
        return digest;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
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

export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), hash);
  return hash.digest("hex");
}
