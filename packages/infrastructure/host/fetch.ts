import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { HavnError, systemClock } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { setNewAttributes, withParent } from "./attributes.ts";
import { mustRun } from "./commands.ts";
import type { Artifacts } from "./operations.ts";
import { noRoom, replaceAtomically } from "./write-file.ts";

type Fetch = Operation & { kind: "fetch" };

/** Asked for at once, so that a long way does not slow it down; no more of the file than this is held in memory. */
const piecesUnderWay = 8;
const restMs = 500;

/** Streams an artifact of the control plane to the disk. What does not have the digest is thrown away. */
export async function fetchArtifact(operation: Fetch, artifacts: Artifacts | undefined): Promise<void> {
  const { path, sha256, size, attributes, validate } = operation;
  if (!artifacts) throw failed(operation, "There is no control plane to fetch it from.");
  await withParent(path, (at) =>
    replaceAtomically(at, async (file, temporary) => {
      // Others who write to that disk need not run out of room first.
      const { bfree, bsize } = await statfs(dirname(at));
      if (bfree * bsize < size) throw noRoom(path);
      const hash = createHash("sha256");
      for await (const bytes of piecesOf(operation, artifacts)) {
        hash.update(bytes);
        await file.writeFile(bytes);
      }
      const found = hash.digest("hex");
      if (found !== sha256) throw failed(operation, `It arrived damaged: its sha256 is ${found}.`);
      await setNewAttributes(file, at, attributes);
      if (validate) await mustRun(validate.map((word) => word.replaceAll("%s", temporary)));
    }),
  );
}

/** In order. The first piece tells how long all but the last of them are. */
async function* piecesOf(operation: Fetch, artifacts: Artifacts): AsyncGenerator<Uint8Array> {
  const first = await readPatiently(operation, artifacts, 0);
  yield first;
  const { length } = first;
  if (length === 0 && operation.size > 0) throw failed(operation, "It ended early.");
  const underWay: Promise<Uint8Array>[] = [];
  let next = length;
  const ask = () => {
    while (underWay.length < piecesUnderWay && next < operation.size) {
      const piece = readPatiently(operation, artifacts, next);
      // Told when its turn comes.
      piece.catch(() => {});
      underWay.push(piece);
      next += length;
    }
  };
  ask();
  for (let at = length; at < operation.size; at += length) {
    const bytes = await underWay.shift();
    if (bytes?.length !== Math.min(length, operation.size - at)) throw failed(operation, "It ended early.");
    yield bytes;
    ask();
  }
}

/** A connection that falls meanwhile is soon there again. */
async function readPatiently(operation: Fetch, artifacts: Artifacts, offset: number): Promise<Uint8Array> {
  const giveUpAt = systemClock.now() + artifacts.patienceMs;
  for (;;)
    try {
      const { size, bytes } = await artifacts.read(operation.sha256, offset);
      if (size === operation.size) return bytes;
      throw new HavnError(`It has ${size} bytes there, and ${operation.size} are declared`);
    } catch (error) {
      const known = error instanceof HavnError ? error : new HavnError(String(error));
      if (!known.retryable || systemClock.now() >= giveUpAt)
        throw failed(operation, [known.message, known.detail].filter(Boolean).join(". "), error);
      await systemClock.sleep(restMs);
    }
}

const failed = ({ path, sha256 }: Fetch, why: string, cause?: unknown) =>
  new HavnError(`What ${path} shall hold could not be fetched`, {
    detail: `Artifact ${sha256.slice(0, 12)}: ${why} What stood there stays.`,
    ...(cause !== undefined && { cause }),
  });
