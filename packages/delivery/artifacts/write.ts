import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HavnError } from "@havn/model";

/** Writes to the disk what comes in. Throws a HavnError: 413 above `largest` bytes, 507 where the disk is full. */
export async function writeMeasured(
  body: Readable,
  path: string,
  { largest, advice }: { largest: number; advice: string },
): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      if (size <= largest) return done(null, chunk);
      const most = `At most ${largest / 2 ** 20} MiB.`;
      done(new HavnError("The artifact is too large", { detail: `${most} ${advice}`, status: 413 }));
    },
  });
  try {
    await pipeline(body, measure, createWriteStream(path, { flush: true, mode: 0o600 }));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
    throw new HavnError("The control plane's disk is full", {
      detail:
        "Artifacts are kept there until the hosts have them. Make room, then run the same command again.",
      status: 507,
      cause,
    });
  }
  return { sha256: hash.digest("hex"), size };
}

/** A rename is durable only once its folder is. */
export async function syncPath(path: string): Promise<void> {
  await using file = await open(path);
  await file.sync();
}
