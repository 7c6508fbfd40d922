import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { openArtifact, readSource } from "./pack.ts";

const folder = mkdtempSync(join(tmpdir(), "havn-pack-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const { signal } = new AbortController();

let sources = 0;
function makeSource(files: Record<string, string>): string {
  const directory = join(folder, `source-${++sources}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

const read = (directory: string, build?: string[]) => readSource({ path: "./app", directory, build });

async function bytesOf(directory: string, build?: string[]): Promise<Buffer> {
  await using artifact = await openArtifact(await read(directory, build), { signal });
  return Buffer.from(await artifact.content.arrayBuffer());
}

const listOf = (bytes: Buffer): string[] =>
  execFileSync("tar", ["-tzf", "-"], { input: bytes }).toString().split("\n");

test("the digest is of paths, modes, contents and build command, and of nothing else", async () => {
  const files = { "server.js": "1", "lib/a.js": "2" };
  const directory = makeSource(files);
  const { digest } = await read(directory);
  // Known once and for all: a changed way of counting would make every service's next deploy a new release.
  equal(digest, "6bc73139a102b0ad5b1e7badcb59ae15d0bfe956c727a0c2989064786f7d13aa");
  utimesSync(join(directory, "server.js"), 1, 1);
  mkdirSync(join(directory, "node_modules/x"), { recursive: true });
  writeFileSync(join(directory, "node_modules/x/index.js"), "x");
  equal((await read(directory)).digest, digest);
  equal((await read(makeSource(files))).digest, digest);
  notEqual((await read(directory, ["true"])).digest, digest);
  notEqual((await read(makeSource({ ...files, "b.js": "" }))).digest, digest);
  notEqual((await read(makeSource({ "server.js": "1", "lib/b.js": "2" }))).digest, digest);
  chmodSync(join(directory, "server.js"), 0o755);
  notEqual((await read(directory)).digest, digest);
});

test("ignore files leave out, and take back in", async () => {
  const directory = makeSource({
    ".gitignore": "*.log\n/dist/\n!keep.log\n",
    ".havnignore": "# tests stay at home\ntest/**\n",
    "a.log": "",
    "keep.log": "",
    "dist/x.js": "",
    "lib/dist/y.js": "",
    "test/t.js": "",
    "server.js": "",
  });
  const names = listOf(await bytesOf(directory)).filter((name) => name !== "");
  deepEqual(names, ["./.gitignore", "./keep.log", "./lib/dist/y.js", "./server.js"]);
});

test("an artifact is the same bytes each time, with what the build made, and the folder stays as it was", async () => {
  const directory = makeSource({ "server.js": "1" });
  symlinkSync("server.js", join(directory, "link.js"));
  const build = ["sh", "-c", "mkdir node_modules && cp server.js node_modules/built.js"];
  const [first, second] = [await bytesOf(directory, build), await bytesOf(directory, build)];
  const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  equal(sum(first), sum(second));
  deepEqual(listOf(first), ["./link.js", "./node_modules/built.js", "./server.js", ""]);
  equal((await read(directory)).digest, (await read(directory)).digest);
});

test("a failed build tells its last lines", async () => {
  const directory = makeSource({ "server.js": "1" });
  await rejects(bytesOf(directory, ["sh", "-c", "echo no compiler >&2; exit 3"]), {
    message: "The build of ./app failed: sh -c echo no compiler >&2; exit 3",
    detail: "It ended with 3. Its last lines:\n  no compiler\nNothing was deployed.",
  });
  await rejects(bytesOf(directory, ["no-such-program"]), /The build of .\/app failed/);
});

test("a link out of the source and an empty source are refused", async () => {
  const directory = makeSource({ "server.js": "1" });
  symlinkSync("../../etc/passwd", join(directory, "link"));
  await rejects(read(directory), /leads out of the source folder/);
  await rejects(read(makeSource({ ".gitignore": "*", x: "" })), /is empty/);
});
