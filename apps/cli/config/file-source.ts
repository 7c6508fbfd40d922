import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { HavnError } from "@havn/model";

/** A file beside the configuration that is too large for a graph. */
export interface FileSource {
  /** As the user wrote it. */
  path: string;
  /** Absolute. */
  file: string;
  /** sha256 of its content, in hex. */
  digest: string;
  /** In bytes. */
  size: number;
}

const pieceBytes = 1 << 20;

/** Reads it through once; what changes while it is read is told by the digest of its upload. */
export async function readFileSource({ path, file }: Pick<FileSource, "path" | "file">): Promise<FileSource> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(pieceBytes);
  let size = 0;
  try {
    await using opened = await open(file, "r");
    for (;;) {
      const { bytesRead } = await opened.read(piece);
      if (bytesRead === 0) return { path, file, size, digest: hash.digest("hex") };
      hash.update(piece.subarray(0, bytesRead));
      size += bytesRead;
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new HavnError(`"${path}" cannot be read`, {
      detail: `${code ?? message}, at ${file}. Nothing was changed.`,
      status: 400,
      cause,
    });
  }
}
