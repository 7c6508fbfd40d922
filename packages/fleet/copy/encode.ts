import { createHash } from "node:crypto";
import { lstat, open, readdir, readlink, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { HavnError } from "@havn/model";
import { encodeHead } from "./format.ts";

const chunkBytes = 1 << 20;

/** Files and what is in folders, as the stream of format.ts. Links in folders are copied as links. */
export async function* encodeFiles(
  sources: readonly string[],
  {
    signal,
    onFile,
  }: { signal?: AbortSignal | undefined; onFile?: (path: string, size: number) => void } = {},
): AsyncGenerator<Uint8Array> {
  const roots = await Promise.all(sources.map(rootOf));
  const twice = roots.find(({ name }, index) => roots.findIndex((one) => one.name === name) !== index);
  if (twice)
    throw new HavnError(`Two of the sources are called "${twice.name}"`, {
      detail: "Both would have the same name there. Copy them one after the other.",
      status: 400,
    });
  yield encodeHead({
    type: "begin",
    version: 1,
    roots: roots.map(({ name, folder }) => ({ name, folder })),
  });
  let files = 0;
  let bytes = 0;
  for (const { path, name } of roots)
    for await (const found of walk(path, name, true)) {
      signal?.throwIfAborted();
      if (found.kind !== "file") {
        yield encodeHead(found.head);
        continue;
      }
      onFile?.(found.path, found.size);
      for await (const piece of encodeFile(found, signal)) yield piece;
      files += 1;
      bytes += found.size;
    }
  yield encodeHead({ type: "end", files, bytes });
}

async function rootOf(path: string): Promise<{ path: string; name: string; folder: boolean }> {
  try {
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) throw special(path);
    return { path, name: basename(resolve(path)) || "root", folder: found.isDirectory() };
  } catch (cause) {
    throw cause instanceof HavnError ? cause : unreadable(path, cause);
  }
}

type Found =
  | { kind: "other"; head: Parameters<typeof encodeHead>[0] }
  | { kind: "file"; path: string; name: string; mode: number; size: number };

async function* walk(path: string, name: string, root: boolean): AsyncGenerator<Found> {
  // What was named may be a link to what is meant; links further down are what they are.
  const found = await (root ? stat(path) : lstat(path)).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const mode = found.mode & 0o7777;
  if (found.isFile()) yield { kind: "file", path, name, mode, size: found.size };
  else if (found.isSymbolicLink())
    yield { kind: "other", head: { type: "link", path: name, target: await readlink(path) } };
  else if (found.isDirectory()) {
    yield { kind: "other", head: { type: "folder", path: name, mode } };
    const entries = await readdir(path).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    for (const entry of entries.sort()) yield* walk(join(path, entry), `${name}/${entry}`, false);
  } else throw special(path);
}

async function* encodeFile(
  { path, name, mode, size }: Extract<Found, { kind: "file" }>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const hash = createHash("sha256");
    for await (const piece of read(file, size)) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
    yield encodeHead({ type: "file", path: name, mode, size, sha256: hash.digest("hex") });
    let sent = 0;
    for await (const piece of read(file, size)) {
      sent += piece.length;
      yield piece;
    }
    if (sent < size)
      throw new HavnError(`${path} became shorter while it was copied`, {
        detail: "Copy it again when nobody writes to it.",
        status: 409,
      });
  } finally {
    await file.close();
  }
}

/** The file's first `size` bytes, from its beginning. */
async function* read(file: Awaited<ReturnType<typeof open>>, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    // A fresh buffer each: the one before may still be on its way.
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

const special = (path: string) =>
  new HavnError(`${path} is no file, folder or link`, { detail: "Leave it out.", status: 400 });

function unreadable(path: string, cause: unknown): HavnError {
  const { code } = cause as NodeJS.ErrnoException;
  return new HavnError(
    code === "ENOENT" ? `There is no ${path}` : `${path} cannot be read${code ? ` (${code})` : ""}`,
    { detail: "Nothing of it was copied.", status: 404, cause },
  );
}
