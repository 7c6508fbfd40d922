/**
 * Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt): the decoded length as a
 * varint, then literals and copies of what was decoded before.
 */

/** Room behind the end, so that four bytes may be written where fewer are wanted. */
const slack = 4;
const keptScratch = 4 * 1024 * 1024;
let scratch = new Uint8Array(256 * 1024);

/** Why a block cannot be decoded. `tooLarge`: it says that it is longer than the limit; nothing was decoded. */
export class SnappyError extends TypeError {
  readonly tooLarge: boolean;
  constructor(message: string, tooLarge = false) {
    super(message);
    this.tooLarge = tooLarge;
  }
}

/** The decoded bytes, at most `limit`; valid until the next call. Throws a SnappyError. */
export function decodeSnappy(input: Uint8Array, limit: number): Uint8Array {
  const { length, at } = readLength(input);
  if (length > limit) throw new SnappyError(`it would decode to ${length} bytes`, true);
  const out = length + slack <= scratch.length ? scratch : new Uint8Array(length + slack);
  if (out.length <= keptScratch) scratch = out;
  decode(input, at, out, length);
  return out.subarray(0, length);
}

function readLength(input: Uint8Array): { length: number; at: number } {
  let length = 0;
  for (let at = 0; at < 5 && at < input.length; at++) {
    const byte = input[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, at: at + 1 };
  }
  throw new SnappyError("it does not start with a length");
}

function decode(input: Uint8Array, start: number, out: Uint8Array, length: number): void {
  const from = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const to = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const end = input.length;
  let at = start;
  let written = 0;
  while (at < end) {
    const tag = input[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let size = (tag >>> 2) + 1;
      if (size > 60) {
        const bytes = size - 60;
        if (at + bytes > end) throw cutShort();
        size = 1;
        for (let byte = 0; byte < bytes; byte++) size += (input[at++] ?? 0) * 2 ** (8 * byte);
      }
      if (at + size > end || written + size > length) throw cutShort();
      if (size <= 32 && at + size + slack <= end)
        for (let moved = 0; moved < size; moved += 4)
          to.setInt32(written + moved, from.getInt32(at + moved, true), true);
      else out.set(input.subarray(at, at + size), written);
      at += size;
      written += size;
      continue;
    }
    let size: number;
    let offset: number;
    if (kind === 1) {
      size = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | (input[at] ?? 0);
      at += 1;
    } else {
      if (at + (kind === 2 ? 2 : 4) > end) throw cutShort();
      size = (tag >>> 2) + 1;
      offset = kind === 2 ? from.getUint16(at, true) : from.getUint32(at, true);
      at += kind === 2 ? 2 : 4;
    }
    if (at > end || offset === 0 || offset > written || written + size > length) throw cutShort();
    const source = written - offset;
    if (offset >= 4)
      for (let moved = 0; moved < size; moved += 4)
        to.setInt32(written + moved, to.getInt32(source + moved, true), true);
    else for (let moved = 0; moved < size; moved++) out[written + moved] = out[source + moved] ?? 0;
    written += size;
  }
  if (written !== length) throw cutShort();
}

const cutShort = () => new SnappyError("it is cut short or points outside itself");

/** A block of literals alone: valid for every decoder, made for tests and short answers. */
export function encodeSnappy(bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) head.push((rest % 128) | 0x80);
  head.push(rest);
  const parts: Uint8Array[] = [Uint8Array.from(head)];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const size = Math.min(65_536, bytes.length - at) - 1;
    parts.push(Uint8Array.of(61 << 2, size & 0xff, size >>> 8), bytes.subarray(at, at + size + 1));
  }
  return Buffer.concat(parts);
}
