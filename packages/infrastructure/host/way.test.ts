import assert from "node:assert/strict";
import {
  chown,
  lchown,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@havn/testkit";
import { perform } from "./operations.ts";
import { openFile, withWay } from "./way.ts";

const skip = process.getuid?.() === 0 && process.platform === "linux" ? false : "needs root on Linux";
const somebody = 65_534;

test("a user's link is not followed", { skip }, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("home"));
  await mkdir(at("safe"));
  await chown(at("home"), somebody, somebody);
  await symlink(at("safe"), at("home/folder"));
  await lchown(at("home/folder"), somebody, somebody);
  await assert.rejects(
    perform({ kind: "write", path: at("home/folder/x"), content: "x", attributes: {} }),
    /leads through .*home\/folder, a link that is not root's/,
  );
  assert.deepEqual(await readdir(at("safe")), []);
});

test("a folder that a user puts a link in the place of, in the middle of a write, is written all the same", {
  skip,
}, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("home/folder"), { recursive: true });
  await mkdir(at("safe"));
  await chown(at("home"), somebody, somebody);
  await withWay(at("home/folder/x"), async (held) => {
    await rename(at("home/folder"), at("home/old"));
    await symlink(at("safe"), at("home/folder"));
    await writeFile(held, "x");
  });
  assert.deepEqual(await readdir(at("safe")), []);
  assert.equal(await readFile(at("home/old/x"), "utf8"), "x");
});

test("in a user's folder: written, checked, given away, removed; root's own links are followed", {
  skip,
}, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("home/folder"), { recursive: true });
  await chown(at("home"), somebody, somebody);
  await symlink("folder", at("home/link"));
  const path = at("home/link/x");
  const validate = ["grep", "-q", "hello", "%s"];
  await perform({ kind: "write", path, content: "hello\n", attributes: { mode: "0640" }, validate });
  await assert.rejects(perform({ kind: "write", path, content: "bye\n", attributes: {}, validate }));
  await perform({ kind: "set attributes", path, attributes: { owner: "nobody" } });
  const { uid, mode } = await stat(at("home/folder/x"));
  assert.deepEqual([uid, mode & 0o777], [somebody, 0o640]);
  assert.deepEqual(await readdir(at("home/folder")), ["x"]);
  await perform({ kind: "remove file", path });
  assert.deepEqual(await readdir(at("home/folder")), []);
});

test("a file of several names in a user's folder is not given away", { skip }, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("home"));
  await writeFile(at("roots"), "x");
  await link(at("roots"), at("home/mine"));
  await chown(at("home"), somebody, somebody);
  await assert.rejects(
    perform({ kind: "set attributes", path: at("home/mine"), attributes: { owner: "nobody" } }),
    /has other names/,
  );
});

test("what is read is no link, and no user's link leads to it", { skip }, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("home"));
  await mkdir(at("safe"));
  await writeFile(at("safe/secret"), "secret");
  await chown(at("home"), somebody, somebody);
  await symlink(at("safe/secret"), at("home/file"));
  await symlink(at("safe"), at("home/folder"));
  await symlink(at("safe"), at("link"));
  await assert.rejects(openFile(at("home/file")), { code: "ELOOP" });
  await lchown(at("home/folder"), somebody, somebody);
  await assert.rejects(openFile(at("home/folder/secret")), /a link that is not root's/);
  await using file = await openFile(at("link/secret"));
  assert.equal(await file.readFile("utf8"), "secret");
});

test("a copy is kept of the file itself, never of what a link in its place leads to", { skip }, async () => {
  await using directory = await temporaryDirectory("way");
  const at = (name: string) => join(directory.path, name);
  await writeFile(at("secret"), "secret");
  await symlink(at("secret"), at("file"));
  await perform({ kind: "keep copy", path: at("file"), directory: at("copies") });
  await assert.rejects(readdir(at("copies")), { code: "ENOENT" });
  await writeFile(at("plain"), "plain", { mode: 0o640 });
  await perform({ kind: "keep copy", path: at("plain"), directory: at("copies") });
  const [name = ""] = await readdir(at("copies"));
  assert.equal(await readFile(join(at("copies"), name), "utf8"), "plain");
  assert.equal((await stat(join(at("copies"), name))).mode & 0o777, 0o640);
});

test("a folder that is not there is told; one that is there and takes no file is not called missing", {
  skip: process.platform === "linux" ? false : "needs /proc",
}, async () => {
  await using directory = await temporaryDirectory("way");
  const write = (path: string) => perform({ kind: "write", path, content: "x", attributes: {} });
  await assert.rejects(
    write(join(directory.path, "none/x")),
    /^HavnError: The folder of .*none\/x is not there/,
  );
  await assert.rejects(write("/proc/sys/kernel/havn-test"), (error: Error) => {
    assert.doesNotMatch(error.message, /is not there/);
    return true;
  });
});
