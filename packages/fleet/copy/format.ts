import { HavnError } from "@havn/model";
import { z } from "zod";

/**
 * Files and folders as one stream: records of 4 bytes little-endian length, a JSON head of that length, and for a file
 * its content. The first says which sources there are, the last that nothing is missing. A file's checksum stands before
 * its content, so that whoever has it already can pass over it.
 */
export const copyHead = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("begin"),
    version: z.literal(1),
    roots: z.array(z.strictObject({ name: z.string(), folder: z.boolean() })).min(1),
  }),
  z.strictObject({ type: z.literal("folder"), path: z.string(), mode: z.number().int() }),
  z.strictObject({ type: z.literal("link"), path: z.string(), target: z.string() }),
  z.strictObject({
    type: z.literal("file"),
    path: z.string(),
    mode: z.number().int(),
    size: z.number().int().min(0),
    sha256: z.string(),
  }),
  z.strictObject({ type: z.literal("end"), files: z.number().int(), bytes: z.number().int() }),
]);
export type CopyHead = z.infer<typeof copyHead>;

/** Bytes in order. */
export interface ByteSource {
  /** Exactly `length` bytes; throws a HavnError where the stream ends before. */
  read(length: number): Promise<Uint8Array>;
  /** Up to `length` bytes, at least one. */
  some(length: number): Promise<Uint8Array>;
  skip(length: number): Promise<void>;
}

const longestHead = 64 * 1024;

export function encodeHead(head: CopyHead): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const whole = new Uint8Array(4 + json.length);
  new DataView(whole.buffer).setUint32(0, json.length, true);
  whole.set(json, 4);
  return whole;
}

/** Throws a HavnError for bytes that are no head. */
export async function readHead(source: ByteSource): Promise<CopyHead> {
  const field = await source.read(4);
  const length = new DataView(field.buffer, field.byteOffset).getUint32(0, true);
  if (length > longestHead) throw damaged();
  try {
    return copyHead.parse(
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await source.read(length))),
    );
  } catch (cause) {
    throw cause instanceof HavnError ? cause : damaged(cause);
  }
}

const damaged = (cause?: unknown) =>
  new HavnError("What was copied arrived damaged", {
    detail: "Nothing half-written was left. Copy it again.",
    status: 502,
    cause,
  });

const cutShort = () =>
  new HavnError("The copy was cut short", {
    detail: "Files that had arrived whole are there. Copy it again: they are not sent twice.",
    status: 502,
    retryable: true,
  });

/** Reads from pieces as they come. */
export function sourceOf(pieces: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = pieces[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  const source: ByteSource = {
    async some(length) {
      while (rest.length === 0) {
        const next = await iterator.next();
        if (next.done) throw cutShort();
        rest = next.value;
      }
      const taken = rest.subarray(0, length);
      rest = rest.subarray(taken.length);
      return taken;
    },
    async read(length) {
      const whole = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const taken = await source.some(length - at);
        whole.set(taken, at);
        at += taken.length;
      }
      return whole;
    },
    async skip(length) {
      for (let at = 0; at < length; ) at += (await source.some(length - at)).length;
    },
  };
  return source;
}

/** Reads from what is asked for by offset: what is passed over is never fetched, and the next pieces are on their way. */
export function seekingSource(
  fetch: (offset: number) => Promise<{ size: number; bytes: Uint8Array }>,
  ahead = 4,
): ByteSource {
  const pieceBytes = 1 << 20;
  let at = 0;
  let size = Number.POSITIVE_INFINITY;
  const coming = new Map<number, Promise<Uint8Array>>();
  const ask = (piece: number): Promise<Uint8Array> => {
    const asked =
      coming.get(piece) ??
      fetch(piece * pieceBytes).then((answer) => {
        size = answer.size;
        return answer.bytes;
      });
    // Who waits for it hears of its failure.
    asked.catch(() => {});
    coming.set(piece, asked);
    return asked;
  };
  const source: ByteSource = {
    async some(length) {
      const piece = Math.floor(at / pieceBytes);
      for (
        let next = piece + 1;
        next <= piece + ahead && next * pieceBytes < size && size !== Number.POSITIVE_INFINITY;
        next++
      )
        void ask(next);
      const bytes = await ask(piece);
      const start = at - piece * pieceBytes;
      if (start >= bytes.length) throw cutShort();
      const taken = bytes.subarray(start, start + length);
      at += taken.length;
      for (const old of coming.keys()) if ((old + 1) * pieceBytes <= at) coming.delete(old);
      return taken;
    },
    async read(length) {
      const whole = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const taken = await source.some(length - done);
        whole.set(taken, done);
        done += taken.length;
      }
      return whole;
    },
    async skip(length) {
      at += length;
      for (const old of coming.keys()) if ((old + 1) * pieceBytes <= at) coming.delete(old);
    },
  };
  return source;
}
