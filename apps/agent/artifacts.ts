import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HavnError } from "@havn/model";

export interface ArtifactSource {
  /** Up to some bytes from `offset`, and the whole size. */
  read(digest: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
}

/**
 * Brings artifacts to this host: `fetch` resolves with the path of the .tar.gz whose sha256 is `digest`. A fetch that was
 * cut short goes on where it stopped; two at once share one.
 */
export function createArtifacts(directory: string, source: ArtifactSource) {
  const fetching = new Map<string, Promise<string>>();

  async function fetchOne(digest: string): Promise<string> {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new HavnError(`"${digest}" is no sha256`, { status: 400 });
    const path = join(directory, `${digest}.tar.gz`);
    if ((await sizeOf(path)) !== undefined) return path;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const part = `${path}.part`;
    await download(digest, part);
    const found = await sha256Of(part);
    if (found !== digest) {
      await rm(part, { force: true });
      throw new HavnError(`Artifact ${digest.slice(0, 12)} arrived damaged`, {
        detail: `Its content has sha256 ${found}.`,
        retryable: true,
      });
    }
    await rename(part, path);
    return path;
  }

  async function download(digest: string, part: string): Promise<void> {
    const file = await open(part, "a", 0o600);
    try {
      let offset = (await file.stat()).size;
      for (;;) {
        const { size, bytes } = await source.read(digest, offset);
        if (offset > size) {
          // More than there is: a part of something else.
          await file.truncate(0);
          offset = 0;
          continue;
        }
        await file.appendFile(bytes);
        offset += bytes.length;
        if (offset === size) break;
        if (bytes.length === 0)
          throw new HavnError(`Artifact ${digest.slice(0, 12)} ended early`, { retryable: true });
      }
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  return {
    fetch(digest: string): Promise<string> {
      const present = fetching.get(digest);
      if (present) return present;
      const started = fetchOne(digest).finally(() => fetching.delete(digest));
      fetching.set(digest, started);
      return started;
    },
  };
}

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  );

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
