import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { access, readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { temporaryDirectory } from "@havn/testkit";
import { openFileArtifacts } from "./files.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const dayMs = 86_400_000;

async function open() {
  const directory = await temporaryDirectory("files");
  const kept = join(directory.path, "kept");
  return {
    kept,
    files: await openFileArtifacts(kept, directory.path),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test("a file is kept under its sha256; what is something else is refused and leaves nothing", async () => {
  await using given = await open();
  const { files, kept } = given;
  const bytes = randomBytes(100_000);
  const digest = sha256(bytes);
  assert.equal(await files.has(digest), false);
  await assert.rejects(files.store(digest, Readable.from([randomBytes(10)])), {
    status: 400,
    message: /not what was announced/,
  });
  assert.deepEqual(await readdir(kept), []);
  assert.equal(
    await files.store(digest, Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])),
    100_000,
  );
  assert.equal(await files.store(digest, Readable.from([bytes])), 100_000);
  assert.equal(await files.has(digest), true);
  assert.deepEqual(await readdir(kept), [digest]);
});

test("what is in use, young, or was asked for is kept; the rest goes", async () => {
  await using given = await open();
  const { files } = given;
  const now = Date.now();
  const put = async (ageMs: number) => {
    const bytes = randomBytes(10);
    const digest = sha256(bytes);
    await files.store(digest, Readable.from([bytes]));
    const at = new Date(now - ageMs);
    await utimes(files.path(digest), at, at);
    return digest;
  };
  const [used, unused, young, asked] = [
    await put(2 * dayMs),
    await put(2 * dayMs),
    await put(0),
    await put(2 * dayMs),
  ];
  // A plan may be made while it is looked for what is in use.
  await files.clean(async () => {
    await files.has(asked);
    return [used];
  }, now);
  await assert.rejects(access(files.path(unused)));
  for (const kept of [used, young, asked]) await access(files.path(kept));
});
