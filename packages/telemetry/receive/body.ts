import type { Readable } from "node:stream";
import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { HavnError } from "@havn/model";
import { malformedBody } from "../metrics/labels.ts";
import { decodeSnappy, SnappyError } from "../protocols/snappy.ts";

/** Of a body once it is decoded, as in Prometheus: a small block must not become a large memory. */
export const largestDecoded = 32 * 1024 * 1024;

export async function readBody(raw: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) chunks.push(chunk);
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks);
}

export type Encoding = "snappy" | "zstd" | "gzip" | "deflate" | "identity";

/** The encoding of a Content-Encoding header; throws a HavnError 415 for one that this route does not take. */
export function encodingOf(header: string | string[] | undefined, taken: readonly Encoding[]): Encoding {
  const word = String(header ?? "")
    .trim()
    .toLowerCase();
  const encoding = word === "" ? taken[0] : taken.find((each) => each === word);
  if (encoding) return encoding;
  throw new HavnError(`The content encoding ${word.slice(0, 40)} is not taken here`, {
    status: 415,
    detail: `Send one of ${taken.join(", ")}.`,
  });
}

/** Valid until the next body is decoded. Throws a HavnError: 400 for a broken one, 413 for one that would be too large. */
export function decodeBody(body: Uint8Array, encoding: Encoding): Uint8Array {
  const options = { maxOutputLength: largestDecoded };
  try {
    switch (encoding) {
      case "snappy":
        return decodeSnappy(body, largestDecoded);
      case "zstd":
        return zstdDecompressSync(body, options);
      case "gzip":
        return gunzipSync(body, options);
      case "deflate":
        return inflateSync(body, options);
      case "identity":
        return body;
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE" || (cause instanceof SnappyError && cause.tooLarge))
      throw new HavnError("The body is too large once it is decompressed", {
        status: 413,
        detail: `At most ${largestDecoded} bytes are taken. Send fewer samples at once.`,
      });
    throw malformedBody("body", `it is no ${encoding}: ${(cause as Error).message}`, cause);
  }
}
