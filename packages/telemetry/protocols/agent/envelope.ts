import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { HavnError } from "@havn/model";
import { ByteReader } from "./bytes.ts";

/**
 * What every batch of an agent starts with: "HV", its kind ("S" or "L"), the version 1 and a byte of flags; then the
 * body, compressed with zstd when that flag is set.
 */
const kinds = { samples: 0x53, logs: 0x4c } as const;
const version = 1;
const headSize = 5;
const flagResent = 1;
const flagCompressed = 2;
const compressFrom = 512;
const largestBody = 64 * 1024 * 1024;

export type BatchKind = keyof typeof kinds;

export interface Envelope {
  /** The sender tried before and does not know whether it arrived. */
  resent: boolean;
  body: ByteReader;
}

export function sealBatch(kind: BatchKind, body: Uint8Array): Uint8Array {
  const compress = body.length >= compressFrom;
  const content = compress ? zstdCompressSync(body) : body;
  const whole = Buffer.allocUnsafe(headSize + content.length);
  whole.set([0x48, 0x56, kinds[kind], version, compress ? flagCompressed : 0]);
  whole.set(content, headSize);
  return whole;
}

/** Marks a batch, in place, as one that may have arrived before. */
export function markResent(batch: Uint8Array): void {
  batch[4] = (batch[4] ?? 0) | flagResent;
}

/** Throws a HavnError 400 for bytes that are no batch of this kind. */
export function openBatch(kind: BatchKind, batch: Uint8Array): Envelope {
  const [h, v, kindByte, batchVersion, flags] = batch;
  if (h !== 0x48 || v !== 0x56 || kindByte !== kinds[kind])
    throw malformed(kind, "it does not start with this kind's mark");
  if (batchVersion !== version || flags === undefined)
    throw malformed(kind, `its version is ${batchVersion}, not ${version}`);
  let body = batch.subarray(headSize);
  if (flags & flagCompressed)
    try {
      body = zstdDecompressSync(body, { maxOutputLength: largestBody });
    } catch (cause) {
      throw malformed(kind, "its body cannot be decompressed", cause);
    }
  return { resent: (flags & flagResent) !== 0, body: new ByteReader(body) };
}

export function malformed(kind: BatchKind, why: string, cause?: unknown): HavnError {
  return new HavnError(`A batch of ${kind} is malformed: ${why}`, {
    status: 400,
    cause,
    detail: "Nothing of it was stored. Update the agent so that it speaks this server's version.",
  });
}
