import { type FileHandle, mkdir, open, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { crc32, createInflateRaw } from "node:zlib";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { findStats } from "./files.ts";
import { checkName, stripped } from "./unpack.ts";
import { replaceAtomically } from "./write-file.ts";

const longestTarget = 4096;

interface Entry {
  name: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
  /** As Unix knows it; 0 where the archive was made elsewhere. */
  mode: number;
}

type Unpack = Operation & { kind: "unpack" };

/** What `unpackZip` would write. Changes nothing. */
export async function namesInZip(operation: Unpack): Promise<string[]> {
  const { archive } = operation;
  await using file = await open(archive, "r");
  const entries = await readDirectory(archive, (await file.stat()).size, readerOf(file, archive));
  return wantedOf(entries, operation).map(({ name }) => name.replace(/\/$/, ""));
}

const readerOf =
  (file: FileHandle, archive: string) =>
  async (position: number, length: number): Promise<Buffer> => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead < length) throw broken(archive, "it ends too early");
    return buffer;
  };

function wantedOf(entries: readonly Entry[], { archive, strip, exclude }: Unpack) {
  for (const { name } of entries) checkName(name, archive);
  const excluded = exclude.map(globExpression);
  return entries.flatMap((entry) => {
    const name = stripped(entry.name, strip);
    const isExcluded = excluded.some((expression) => expression.test(entry.name.replace(/\/$/, "")));
    return name === undefined || isExcluded ? [] : [{ ...entry, name, folder: entry.name.endsWith("/") }];
  });
}

/** Debian has no unzip by itself. Gives the names that were written. APPNOTE.TXT 6.3.10, without encryption and Zip64. */
export async function unpackZip(operation: Unpack): Promise<string[]> {
  const { archive, path } = operation;
  await using file = await open(archive, "r");
  const read = readerOf(file, archive);
  const wanted = wantedOf(await readDirectory(archive, (await file.stat()).size, read), operation);
  // Links last: no file of the archive is written through one.
  const isLink = ({ mode }: Entry) => (mode & 0o170000) === 0o120000;
  for (const entry of wanted.toSorted((a, b) => Number(isLink(a)) - Number(isLink(b)))) {
    const target = join(path, entry.name);
    await makeFolder(path, entry.folder ? entry.name : dirname(entry.name));
    if (entry.folder) continue;
    const content = contentOf(entry, { archive, file, read });
    if (isLink(entry)) {
      if (entry.size > longestTarget) throw broken(archive, `${entry.name} is no link`);
      const leadsTo = (await buffer(content)).toString("utf8");
      await rm(target, { force: true });
      await symlink(leadsTo, target);
    } else
      await replaceAtomically(target, async (written) => {
        for await (const chunk of content) await written.writeFile(chunk);
        await written.chmod(entry.mode & 0o777 || 0o644);
      });
  }
  return wanted.map(({ name }) => name);
}

type Read = (position: number, length: number) => Promise<Buffer>;

/** The list of all entries stands at the end, before a comment of at most 65,535 bytes. */
async function readDirectory(archive: string, size: number, read: Read): Promise<Entry[]> {
  const tailLength = Math.min(size, 65_557);
  const tail = await read(size - tailLength, tailLength);
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > tail.length) throw broken(archive, "it is no zip archive");
  const count = tail.readUInt16LE(end + 10);
  const start = tail.readUInt32LE(end + 16);
  if (count === 0xffff || start === 0xffffffff) throw broken(archive, "it is a Zip64 archive; use tar");
  const directory = await read(start, tail.readUInt32LE(end + 12));
  const entries: Entry[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw broken(archive, "its list of files is damaged");
    const nameLength = directory.readUInt16LE(at + 28);
    if ((directory.readUInt16LE(at + 8) & 1) !== 0) throw broken(archive, "it is encrypted");
    entries.push({
      name: directory.toString("utf8", at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      mode: directory.readUInt16LE(at + 4) >> 8 === 3 ? directory.readUInt32LE(at + 38) >>> 16 : 0,
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** In pieces: an entry may be larger than memory. Throws at the end of what is not what the archive says. */
async function* contentOf(
  entry: Entry,
  { archive, file, read }: { archive: string; file: FileHandle; read: Read },
): AsyncGenerator<Buffer> {
  const damaged = () =>
    broken(archive, `${entry.name} is damaged, or packed in a way that is not known here`);
  const head = await read(entry.offset, 30);
  const start = entry.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  if (entry.method !== 0 && entry.method !== 8) throw damaged();
  const packed =
    entry.packed === 0
      ? Readable.from([])
      : file.createReadStream({ start, end: start + entry.packed - 1, autoClose: false });
  const content = entry.method === 0 ? packed : pipeline(packed, createInflateRaw(), () => {});
  let size = 0;
  let sum = 0;
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      sum = crc32(chunk, sum);
      if (size > entry.size) throw damaged();
      yield chunk;
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith("Z_") ? damaged() : error;
  }
  if (size !== entry.size || sum !== entry.crc) throw damaged();
}

/** A link in the way may have been put there by another archive: nothing is written through it. */
async function makeFolder(root: string, folder: string): Promise<void> {
  let here = root;
  for (const part of folder.split("/").filter((one) => one !== "" && one !== ".")) {
    here = join(here, part);
    const found = await findStats(here);
    if (found?.isDirectory()) continue;
    if (found) await rm(here, { force: true });
    await mkdir(here);
  }
}

/** `*` and `?` as in tar's --exclude: they match slashes too, and a pattern may match any trailing part. */
const globExpression = (pattern: string): RegExp =>
  new RegExp(
    `(^|/)${pattern
      .replace(/[.+^$(){}|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}(/|$)`,
  );

const broken = (archive: string, why: string) =>
  new HavnError(`${archive} cannot be unpacked`, { detail: `${why}.` });
