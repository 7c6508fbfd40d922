import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { HavnError } from "@havn/model";

const run = promisify(execFile);
/** Unpacked releases that no instance uses and that stay nevertheless: a rollback starts at once. */
const keepUnused = 2;

export interface Releases {
  /** The folder of the release, unpacked now if it was not. */
  unpack(artifact: string): Promise<string>;
  pathOf(artifact: string): string;
  /** Removes unpacked releases beyond those in use and the newest few. */
  clean(used: Set<string>): Promise<void>;
}

/** `fetchArtifact` gives the path of a .tar.gz, which is removed after it is unpacked. */
export function createReleases(
  directory: string,
  fetchArtifact: (sha256: string) => Promise<string>,
): Releases {
  const pathOf = (artifact: string) => join(directory, artifact);
  const underWay = new Map<string, Promise<string>>();

  const unpack = async (artifact: string) => {
    const path = pathOf(artifact);
    await mkdir(directory, { recursive: true });
    // Whatever the agent's umask: other users pass through to the release that they run.
    if (process.getuid?.() === 0) await chmod(directory, 0o711);
    if (await stat(path).catch(() => undefined)) {
      await utimes(path, new Date(), new Date());
      return path;
    }
    const packed = await fetchArtifact(artifact);
    const temporary = join(directory, `.${artifact}.${randomUUID()}`);
    try {
      await requireDigest(packed, artifact);
      await mkdir(temporary, { mode: 0o755 });
      await run("tar", ["-xzf", packed, "-C", temporary, "--no-same-owner"]);
      await settle(temporary);
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { recursive: true, force: true });
      if (cause instanceof HavnError) throw cause;
      throw new HavnError(`Release ${artifact.slice(0, 12)} cannot be unpacked`, {
        detail: `tar in ${directory} failed: ${message(cause)}. Check that the disk is not full.`,
        cause,
      });
    } finally {
      await rm(packed, { force: true });
    }
    return path;
  };
  return {
    pathOf,
    unpack(artifact) {
      const present = underWay.get(artifact) ?? unpack(artifact).finally(() => underWay.delete(artifact));
      underWay.set(artifact, present);
      return present;
    },
    async clean(used) {
      const names = await readdir(directory).catch(() => []);
      const unused = names.filter((name) => /^[0-9a-f]{64}$/.test(name) && !used.has(name));
      const aged = await Promise.all(
        unused.map(async (name) => ({ name, at: (await stat(pathOf(name))).mtimeMs })),
      );
      for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(keepUnused))
        await rm(pathOf(name), { recursive: true, force: true });
    },
  };
}

/** As root, instances run as users of their own: they must be able to read it. Then all of it to the disk. */
async function settle(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  if (process.getuid?.() === 0) await run("chmod", ["-R", "a+rX", directory]);
  if (process.platform === "linux") await run("sync", ["-f", directory]);
}

async function requireDigest(path: string, expected: string): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  if (hash.digest("hex") !== expected)
    throw new HavnError(`Release ${expected.slice(0, 12)} arrived damaged`, {
      detail: "Its checksum is another one than the control plane recorded. Try again.",
      retryable: true,
    });
}

const message = (cause: unknown) => (cause as { stderr?: string }).stderr?.trim() || String(cause);
