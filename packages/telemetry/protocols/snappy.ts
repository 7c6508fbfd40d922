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

const hashBits = 14;
const fragment = 65_536;

/** A block as other encoders make them: greedy, within fragments of 64 KiB. */
export function encodeSnappy(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + bytes.length + Math.ceil(bytes.length / 6));
  let at = 0;
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) | 0x80;
  out[at++] = rest;
  const table = new Uint16Array(1 << hashBits);
  for (let start = 0; start < bytes.length; start += fragment)
    at = encodeFragment(bytes.subarray(start, start + fragment), out, at, table.fill(0));
  return out.slice(0, at);
}

function encodeFragment(bytes: Uint8Array, out: Uint8Array, start: number, table: Uint16Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let told = 0;
  for (let next = 1; next + 4 <= bytes.length; ) {
    const word = view.getInt32(next, true);
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits);
    const candidate = table[hash] ?? 0;
    table[hash] = next;
    if (candidate >= next || view.getInt32(candidate, true) !== word) {
      next++;
      continue;
    }
    at = writeLiteral(bytes, told, next, out, at);
    let size = 4;
    while (next + size < bytes.length && bytes[candidate + size] === bytes[next + size]) size++;
    const offset = next - candidate;
    for (let left = size; left > 0; left -= 64) {
      out[at++] = ((Math.min(64, left) - 1) << 2) | 2;
      out[at++] = offset & 0xff;
      out[at++] = offset >>> 8;
    }
    next += size;
    told = next;
  }
  return writeLiteral(bytes, told, bytes.length, out, at);
}

function writeLiteral(bytes: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  const size = to - from;
  if (size === 0) return start;
  let at = start;
  if (size <= 60) out[at++] = (size - 1) << 2;
  else {
    out[at++] = 61 << 2;
    out[at++] = (size - 1) & 0xff;
    out[at++] = (size - 1) >>> 8;
  }
  out.set(bytes.subarray(from, to), at);
  return at + size;
}
