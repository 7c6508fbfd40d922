import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";

export type TarEntry = { name: string; mode: number } & ({ content: string | Uint8Array } | { file: string });

const blockBytes = 512;

/** A POSIX ustar archive of plain files, streamed: files are read as they are sent. Names under 100 bytes. */
export function tarStream(entries: readonly TarEntry[]): Readable {
  return Readable.from(chunks(entries), { objectMode: false });
}

async function* chunks(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const content = "content" in entry ? Buffer.from(entry.content) : undefined;
    const size = "file" in entry ? (await stat(entry.file)).size : (content?.length ?? 0);
    yield tarHeader(entry.name, entry.mode, size);
    if ("file" in entry) yield* createReadStream(entry.file, { highWaterMark: 1 << 20 });
    else if (content) yield content;
    const rest = size % blockBytes;
    if (rest > 0) yield Buffer.alloc(blockBytes - rest);
  }
  yield Buffer.alloc(2 * blockBytes);
}

/** Layout of POSIX.1-1988 ustar: name 0, mode 100, uid 108, gid 116, size 124, mtime 136, checksum 148, type 156. */
function tarHeader(name: string, mode: number, size: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, offset: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, offset, "ascii");
  if (Buffer.byteLength(name) > 99) throw new TypeError(`"${name}" is too long for a tar header`);
  header.write(name, 0, "utf8");
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  header.write("        0ustar\u000000", 148, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return header;
}
