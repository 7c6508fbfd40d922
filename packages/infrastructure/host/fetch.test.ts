import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HavnError, type Resource, systemClock } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { createResourceHost } from "../host.ts";

const pieceBytes = 1000;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const away = () => new HavnError("The control plane is not connected", { retryable: true, status: 503 });

async function openHost() {
  const directory = await temporaryDirectory("fetch");
  const artifacts = new Map<string, Uint8Array>();
  const asked: number[] = [];
  const around = { before: (_offset: number): void => {} };
  const host = await createResourceHost({
    stateDirectory: join(directory.path, "state"),
    clock: systemClock,
    controlPlane: {
      reach: async () => {},
      certify: async () => ({ certificate: "", authority: "" }),
      async artifact(digest, offset) {
        asked.push(offset);
        around.before(offset);
        const bytes = artifacts.get(digest);
        if (!bytes) throw new HavnError(`There is no artifact ${digest.slice(0, 12)}`, { status: 404 });
        return { size: bytes.length, bytes: bytes.subarray(offset, offset + pieceBytes) };
      },
    },
  });
  const path = join(directory.path, "target");
  let bundles = 0;
  return {
    ...{ host, path, asked, around, artifacts },
    keep(bytes: Uint8Array): Resource {
      artifacts.set(sha256(bytes), bytes);
      const source = { path: "./big", digest: sha256(bytes), size: bytes.length };
      return {
        ...{ address: "e/file/h:t", type: "file", name: "h:t", host: "h", dependsOn: [] },
        properties: { path, mode: "0640", source },
      };
    },
    async apply(resource: Resource, more: { enforcing?: boolean } = {}) {
      const bundle = { bundleId: `apply-${++bundles}/h/0`, resources: [resource], remove: [], secrets: {} };
      const [report] = await host.apply({ ...bundle, ...more });
      assert.ok(report);
      return report;
    },
    beside: async () => (await readdir(directory.path)).toSorted(),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test("what an artifact holds comes once, is compared by its digest, and is taken back as any other content", async () => {
  await using here = await openHost();
  await writeFile(here.path, "before\n");
  const bytes = randomBytes(25_500);
  const resource = here.keep(bytes);
  const [reading] = await here.host.read([resource], {});
  assert.deepEqual(reading?.changes.slice(0, 1), [
    {
      property: "source",
      before: `binary, 7 bytes, sha256 ${sha256(Buffer.from("before\n")).slice(0, 12)}`,
      after: `binary, 25500 bytes, sha256 ${sha256(bytes).slice(0, 12)}`,
    },
  ]);
  assert.equal(here.asked.length, 0);
  const applied = await here.apply(resource);
  assert.equal(applied.state, "changed", applied.error ?? "");
  assert.ok((await readFile(here.path)).equals(bytes));
  assert.equal(((await stat(here.path)).mode & 0o777).toString(8), "640");
  assert.deepEqual(
    here.asked.toSorted((a, b) => a - b),
    Array.from({ length: 26 }, (_, index) => index * pieceBytes),
  );
  assert.equal((await here.apply(resource)).state, "unchanged");
  assert.equal(here.asked.length, 26);
  const [undone] = await here.host.applyUndo({
    ...{ bundleId: "revert/h/0/undo", applyId: "apply-1", addresses: [resource.address], hidden: [] },
  });
  assert.equal(undone?.state, "changed", undone?.error ?? "");
  assert.equal(await readFile(here.path, "utf8"), "before\n");
});

test("an empty one and one of a single piece", async () => {
  await using here = await openHost();
  for (const length of [0, 1, pieceBytes, pieceBytes + 1]) {
    const report = await here.apply(here.keep(randomBytes(length)));
    assert.equal(report.state, "changed", report.error ?? "");
    assert.equal((await stat(here.path)).size, length);
  }
});

test("what cannot be fetched whole leaves what stood there, and nothing beside it", async () => {
  await using here = await openHost();
  await writeFile(here.path, "before\n");
  const bytes = randomBytes(9_500);
  const resource = here.keep(bytes);
  const files = [...(await here.beside())];
  const refused = async (told: RegExp) => {
    const report = await here.apply(resource);
    assert.equal(report.state, "failed");
    assert.match(report.error ?? "", told);
    assert.equal(await readFile(here.path, "utf8"), "before\n");
    assert.deepEqual(await here.beside(), files);
  };
  here.artifacts.clear();
  await refused(/could not be fetched.*There is no artifact/s);
  here.artifacts.set(sha256(bytes), randomBytes(9_500));
  await refused(/arrived damaged/);
  here.artifacts.set(sha256(bytes), bytes.subarray(0, 9_000));
  await refused(/9000 bytes there, and 9500 are declared/);
  here.artifacts.set(sha256(bytes), bytes);
  assert.equal((await here.apply(resource)).state, "changed");
});

test("a connection that falls in the middle is waited for in an apply, and not where drift is mended", async () => {
  await using here = await openHost();
  const bytes = randomBytes(20_000);
  const resource = here.keep(bytes);
  let falls = 3;
  here.around.before = (offset) => {
    if (offset >= 5_000 && falls-- > 0) throw away();
  };
  assert.equal((await here.apply(resource)).state, "changed");
  assert.ok((await readFile(here.path)).equals(bytes));
  await rm(here.path);
  here.around.before = () => {
    throw away();
  };
  const mended = await here.apply(resource, { enforcing: true });
  assert.equal(mended.state, "failed");
  assert.match(mended.error ?? "", /not connected/);
});
