import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { type CopyHead, encodeHead } from "./format.ts";
import { encodeFiles, seekingSource, sourceOf, writeFiles } from "./index.ts";

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

async function* pieces(...parts: (CopyHead | string)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? Buffer.from(part) : encodeHead(part);
}

const begin: CopyHead = { type: "begin", version: 1, roots: [{ name: "site", folder: true }] };
const fileHead = (path: string, content: string): CopyHead => ({
  ...{ type: "file", path, mode: 0o644 },
  ...{ size: Buffer.byteLength(content), sha256: sha256(content) },
});

async function sample(path: string): Promise<void> {
  await mkdir(join(path, "site/sub"), { recursive: true });
  await writeFile(join(path, "site/index.html"), "<h1>hello</h1>\n");
  await writeFile(join(path, "site/sub/empty"), "");
  await writeFile(join(path, "site/sub/run me\n"), "#!/bin/sh\n", { mode: 0o750 });
  await symlink("../index.html", join(path, "site/sub/link"));
  await chmod(join(path, "site/sub"), 0o711);
}

test("a folder arrives with its files, modes and links; the second time nothing is written", async () => {
  await using directory = await temporaryDirectory("copy");
  const at = (name: string) => join(directory.path, name);
  await sample(directory.path);
  const first = await writeFiles(sourceOf(encodeFiles([at("site")])), at("there"));
  assert.deepEqual(first, { files: 3, bytes: 25, unchanged: 0 });
  assert.equal(await readFile(at("there/index.html"), "utf8"), "<h1>hello</h1>\n");
  assert.equal((await stat(at("there/sub/run me\n"))).mode & 0o7777, 0o750);
  assert.equal((await stat(at("there/sub"))).mode & 0o7777, 0o711);
  assert.equal(await readlink(at("there/sub/link")), "../index.html");
  const { ino } = await stat(at("there/index.html"));
  const again = await writeFiles(sourceOf(encodeFiles([at("site")])), at("there"));
  assert.equal(again.unchanged, 3);
  assert.equal((await stat(at("there/index.html"))).ino, ino);
  assert.deepEqual((await readdir(at("there/sub"))).sort(), ["empty", "link", "run me\n"]);
});

test("where to: beside, into a folder, several", async () => {
  await using directory = await temporaryDirectory("copy");
  const at = (name: string) => join(directory.path, name);
  await writeFile(at("a"), "A");
  await writeFile(at("b"), "B");
  await mkdir(at("folder"));
  await writeFiles(sourceOf(encodeFiles([at("a")])), at("folder"));
  await writeFiles(sourceOf(encodeFiles([at("a")])), at("new"));
  await writeFiles(sourceOf(encodeFiles([at("a"), at("b")])), at("both"));
  await writeFiles(sourceOf(encodeFiles([at("folder")])), `${at("deep/er")}/`, { mode: 0o600 });
  assert.equal(await readFile(at("folder/a"), "utf8"), "A");
  assert.equal(await readFile(at("new"), "utf8"), "A");
  assert.equal(await readFile(at("both/b"), "utf8"), "B");
  assert.equal((await stat(at("deep/er/folder/a"))).mode & 0o7777, 0o600);
});

test("what arrives damaged, cut short or shorter leaves the file as it was, and nothing half-written", async () => {
  await using directory = await temporaryDirectory("copy");
  const there = join(directory.path, "site");
  await mkdir(there);
  await writeFile(join(there, "a"), "before");
  const head = fileHead("site/a", "after!!");
  for (const stream of [
    pieces(begin, head, "afterXX"),
    pieces(begin, head, "aft"),
    pieces(begin, head, "after!!"),
  ])
    await assert.rejects(writeFiles(sourceOf(stream), there), HavnError);
  // The last one arrived whole; only the end was missing.
  assert.equal(await readFile(join(there, "a"), "utf8"), "after!!");
  assert.deepEqual(await readdir(there), ["a"]);
  await assert.rejects(writeFiles(sourceOf(pieces("nonsense that is no head")), there), /damaged/);
});

test("names that lead out, and links on the way, are refused", async () => {
  await using directory = await temporaryDirectory("copy");
  const outside = join(directory.path, "outside");
  await mkdir(outside);
  for (const path of ["site/../../outside/x", "/etc/x", "site//x", "site/./x", "site/a\0b"])
    await assert.rejects(
      writeFiles(sourceOf(pieces(begin, fileHead(path, "x"), "x")), join(directory.path, "there")),
      /leads out/,
      path,
    );
  const link: CopyHead = { type: "link", path: "site/way", target: outside };
  const through = pieces(
    begin,
    { type: "folder", path: "site", mode: 0o755 },
    link,
    fileHead("site/way/x", "x"),
    "x",
  );
  await assert.rejects(writeFiles(sourceOf(through), join(directory.path, "there")), /is a link/);
  assert.deepEqual(await readdir(outside), []);
  // What does not begin with the root's name is none of its; and a folder is not made of a link that just came.
  const short: CopyHead = { type: "begin", version: 1, roots: [{ name: "a", folder: true }] };
  await assert.rejects(
    writeFiles(sourceOf(pieces(short, fileHead("a.../outside/x", "x"), "x")), join(directory.path, "there")),
    HavnError,
  );
  const again = pieces(
    begin,
    { type: "folder", path: "site", mode: 0o755 },
    link,
    { type: "folder", path: "site/way", mode: 0o755 },
    fileHead("site/way/x", "x"),
    "x",
  );
  await assert.rejects(writeFiles(sourceOf(again), join(directory.path, "there")), /is a link/);
  assert.deepEqual(await readdir(outside), []);
  // A link at the very place is replaced, not followed.
  await writeFile(join(outside, "kept"), "kept");
  await symlink(join(outside, "kept"), join(directory.path, "there", "x"));
  const end: CopyHead = { type: "end", files: 1, bytes: 1 };
  await writeFiles(sourceOf(pieces(begin, fileHead("site/x", "x"), "x", end)), join(directory.path, "there"));
  assert.equal(await readFile(join(outside, "kept"), "utf8"), "kept");
  assert.ok((await lstat(join(directory.path, "there", "x"))).isFile());
});

test("what is there already is not fetched", async () => {
  await using directory = await temporaryDirectory("copy");
  const content = "x".repeat(5 << 20);
  await writeFile(join(directory.path, "big"), content);
  await writeFile(join(directory.path, "small"), "s");
  const parts: Uint8Array[] = [];
  for await (const piece of encodeFiles([join(directory.path, "big"), join(directory.path, "small")]))
    parts.push(piece);
  const whole = Buffer.concat(parts);
  const fetched: number[] = [];
  const fetch = async (offset: number) => {
    fetched.push(offset);
    return { size: whole.length, bytes: whole.subarray(offset, offset + (1 << 20)) };
  };
  const there = `${join(directory.path, "there")}/`;
  assert.equal((await writeFiles(seekingSource(fetch, 0), there)).unchanged, 0);
  assert.equal(fetched.length, 6);
  fetched.length = 0;
  assert.equal((await writeFiles(seekingSource(fetch, 0), there)).unchanged, 2);
  assert.deepEqual(fetched, [0, 5 << 20]);
});

test("two sources of one name, and what is no file, are refused", async () => {
  await using directory = await temporaryDirectory("copy");
  await mkdir(join(directory.path, "a"));
  await writeFile(join(directory.path, "x"), "1");
  await writeFile(join(directory.path, "a/x"), "2");
  const read = async (sources: string[]) => {
    for await (const _ of encodeFiles(sources));
  };
  await assert.rejects(read([join(directory.path, "x"), join(directory.path, "a/x")]), /are called "x"/);
  await assert.rejects(read(["/dev/null"]), /no file, folder or link/);
  await assert.rejects(read([join(directory.path, "none")]), /There is no/);
});
