import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { createGunzip } from "node:zlib";
import { HavnError } from "@havn/model";

const block = 512;

export interface ArchiveLimits {
  /** Bytes after unpacking. */
  unpacked: number;
  entries: number;
}

/**
 * Reads a .tar.gz through and refuses what could harm the host that unpacks it: a damaged file, a path or link that
 * leaves the folder, a device, more than the limits. Format: POSIX.1-2001 pax over ustar, with GNU's long names.
 */
export async function checkArchive(path: string, limits: ArchiveLimits): Promise<void> {
  const reader = new TarChecker(limits);
  try {
    const gunzip = createGunzip();
    const file = createReadStream(path);
    file.on("error", (error) => gunzip.destroy(error));
    for await (const chunk of file.pipe(gunzip)) reader.take(chunk as Buffer);
    reader.end();
  } catch (cause) {
    if (cause instanceof HavnError) throw cause;
    throw refuse("it is no whole gzip file", cause);
  }
}

function refuse(what: string, cause?: unknown): HavnError {
  return new HavnError("The artifact was refused", {
    detail: `The upload is not a usable .tar.gz: ${what}. Build it again and upload that.`,
    status: 400,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Takes the unpacked bytes as they come; keeps one header and the small extension entries in memory, no content. */
class TarChecker {
  readonly #limits: ArchiveLimits;
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes of the present entry's content still to come, padding included. */
  #skip = 0;
  #collect: { type: string; size: number } | undefined;
  #total = 0;
  #entries = 0;
  #ended = false;
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  take(chunk: Buffer): void {
    this.#total += chunk.length;
    if (this.#total > this.#limits.unpacked)
      throw refuse(`it unpacks to more than ${Math.round(this.#limits.unpacked / 2 ** 20)} MiB`);
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    while (rest.length > 0 && !this.#ended) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, rest.length);
        this.#skip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const needed = this.#collect ? roundUp(this.#collect.size) : block;
      if (rest.length < needed) break;
      const part = rest.subarray(0, needed);
      rest = rest.subarray(needed);
      if (this.#collect) this.#extension(this.#collect, part);
      else this.#header(part);
    }
    this.#pending = this.#ended ? Buffer.alloc(0) : Buffer.from(rest);
  }

  end(): void {
    if (!this.#ended) throw refuse("it is cut short");
    if (this.#entries === 0) throw refuse("it is empty");
  }

  #header(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    if (octal(header, 148, 8) !== checksum(header)) throw refuse("a header in it is damaged");
    const size = entrySize(header);
    const type = String.fromCharCode(header[156] ?? 0);
    if ("LKxg".includes(type)) {
      if (size > 2 ** 20) throw refuse("a name in it is longer than 1 MiB");
      this.#collect = { type, size };
      return;
    }
    const magic = text(header, 257, 5) === "ustar";
    const prefix = magic && header[263] === 0x30 ? text(header, 345, 155) : "";
    const plain = text(header, 0, 100);
    const name = this.#longName ?? (prefix ? `${prefix}/${plain}` : plain);
    const link = this.#longLink ?? text(header, 157, 100);
    this.#longName = this.#longLink = undefined;
    if (++this.#entries > this.#limits.entries)
      throw refuse(`it has more than ${this.#limits.entries} entries`);
    checkEntry({ name, link, type });
    this.#skip = "0\x007".includes(type) ? roundUp(size) : 0;
  }

  #extension({ type, size }: { type: string; size: number }, padded: Buffer): void {
    this.#collect = undefined;
    const content = padded.subarray(0, size);
    if (type === "L") this.#longName = text(content, 0, size);
    if (type === "K") this.#longLink = text(content, 0, size);
    if (type !== "x") return;
    const records = paxRecords(content);
    this.#longName = records.get("path") ?? this.#longName;
    this.#longLink = records.get("linkpath") ?? this.#longLink;
    if (records.has("size")) throw refuse("a file in it is larger than 8 GiB");
  }
}

function checkEntry({ name, link, type }: { name: string; link: string; type: string }): void {
  const inside = (path: string) => {
    const whole = posix.normalize(path);
    return !whole.startsWith("/") && whole !== ".." && !whole.startsWith("../");
  };
  if (name === "" || name.includes("\0") || !inside(name) || name.split("/").includes(".."))
    throw refuse(`the path "${name}" leaves the folder`);
  if (type === "2" && (link.startsWith("/") || !inside(posix.join(posix.dirname(name), link))))
    throw refuse(`the link "${name}" leaves the folder`);
  if (type === "1" && (!inside(link) || link.split("/").includes("..")))
    throw refuse(`the link "${name}" leaves the folder`);
  if (!"0\x001257".includes(type)) throw refuse(`"${name}" is neither a file, a folder nor a link`);
}

const roundUp = (size: number) => Math.ceil(size / block) * block;

function text(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}

const octal = (header: Buffer, start: number, length: number) =>
  Number.parseInt(text(header, start, length).trim() || "0", 8);

function entrySize(header: Buffer): number {
  const size = octal(header, 124, 12);
  // A first byte of 0x80 is GNU's binary form, for files above 8 GiB.
  if (!Number.isSafeInteger(size) || size < 0 || (header[124] ?? 0) >= 0x80)
    throw refuse("a size in it is damaged");
  return size;
}

/** Sum of the header's bytes with the checksum field itself taken as blanks. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < block; at++) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  return sum;
}

/** `<length> <key>=<value>\n`, where the length counts the whole record. */
function paxRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const blank = content.indexOf(0x20, at);
    const length = Number(content.toString("utf8", at, blank));
    if (blank < 0 || !Number.isSafeInteger(length) || length < 5) throw refuse("a header in it is damaged");
    const record = content.toString("utf8", blank + 1, at + length - 1);
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
