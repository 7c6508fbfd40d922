import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createArtifacts } from "./artifacts.ts";

const chunk = 1000;

async function setUp(context: TestContext, content: Uint8Array) {
  const directory = await mkdtemp(join(tmpdir(), "havn-artifacts-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const digest = createHash("sha256").update(content).digest("hex");
  const offsets: number[] = [];
  const source = {
    failAt: -1,
    async read(_: string, offset: number) {
      offsets.push(offset);
      if (offset === source.failAt) throw new Error("the connection fell");
      return { size: content.length, bytes: content.subarray(offset, offset + chunk) };
    },
  };
  return { directory, digest, offsets, source, artifacts: createArtifacts(directory, source) };
}

test("goes on where it stopped, and two at once share one fetch", async (context) => {
  const content = randomBytes(2500);
  const { artifacts, digest, offsets, source } = await setUp(context, content);
  source.failAt = 2000;
  await assert.rejects(artifacts.fetch(digest), /fell/);
  source.failAt = -1;
  const [one, two] = await Promise.all([artifacts.fetch(digest), artifacts.fetch(digest)]);
  assert.equal(one, two);
  assert.deepEqual(await readFile(one), content);
  assert.deepEqual(offsets, [0, 1000, 2000, 2000]);
  await artifacts.fetch(digest);
  assert.equal(offsets.length, 4, "what is there is not fetched again");
});

test("a damaged artifact is refused, thrown away, and mended by the next fetch", async (context) => {
  const content = randomBytes(1500);
  const { artifacts, digest, directory } = await setUp(context, content);
  await writeFile(join(directory, `${digest}.tar.gz.part`), randomBytes(1000));
  await assert.rejects(artifacts.fetch(digest), { message: /arrived damaged/, retryable: true });
  assert.deepEqual(await readFile(await artifacts.fetch(digest)), content);
});

test("a part that is longer than the artifact is begun anew; a digest is a digest", async (context) => {
  const content = randomBytes(500);
  const { artifacts, digest, directory } = await setUp(context, content);
  await writeFile(join(directory, `${digest}.tar.gz.part`), randomBytes(900));
  assert.deepEqual(await readFile(await artifacts.fetch(digest)), content);
  await assert.rejects(artifacts.fetch("../../etc/passwd"), /no sha256/);
});
