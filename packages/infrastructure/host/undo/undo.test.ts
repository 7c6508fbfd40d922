import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Resource, systemClock } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { createResourceHost } from "../../host.ts";
import { declared } from "../../testing/environment.ts";
import { type PackagesState, packagesAspect } from "./packages.ts";

const on = (type: string, name: string, properties: Record<string, unknown>): Resource =>
  declared(type, name, { host: "web-1", properties });

async function openHost(directory: string) {
  const host = await createResourceHost({ stateDirectory: join(directory, "state"), clock: systemClock });
  const apply = async (bundleId: string, resources: Resource[], remove: Resource[] = []) => {
    const reports = await host.apply({ bundleId, resources, remove, secrets: {} });
    return reports.map(({ state, error }) => error ?? state).join(" ");
  };
  const undo = async (bundleId: string, applyId: string, addresses: string[]) => {
    const reports = await host.applyUndo({ bundleId, applyId, addresses, hidden: [] });
    return reports.map(({ state, error }) => error ?? state).join(" ");
  };
  const look = (applyId: string, addresses: string[]) => host.readUndo({ applyId, addresses, hidden: [] });
  return { host, apply, undo, look };
}

/** All that stands in a folder: kind, mode and content of each. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    const at = await lstat(path);
    const mode = (at.mode & 0o7777).toString(8);
    if (at.isSymbolicLink()) found[name] = `link ${await readlink(path)}`;
    else if (at.isDirectory()) found[name] = `directory ${mode}`;
    else found[name] = `file ${mode} ${await readFile(path, "utf8")}`;
  }
  return found;
}

async function prepared(directory: string) {
  const files = join(directory, "files");
  await mkdir(join(files, "old", "deep"), { recursive: true });
  await writeFile(join(files, "changed"), "one\ntwo\n");
  await chmod(join(files, "changed"), 0o640);
  await writeFile(join(files, "gone"), "still here\n");
  await writeFile(join(files, "old", "deep", "file"), "deep\n");
  await symlink("changed", join(files, "link"));
  const at = (name: string) => join(files, name);
  const resources = [
    on("directory", "new", { path: at("new"), mode: "0750" }),
    on("file", "in-new", { path: at("new/file"), content: "new\n" }),
    on("file", "changed", { path: at("changed"), content: "three\n", mode: "0600" }),
    on("file", "gone", { path: at("gone"), absent: true }),
    on("symlink", "link", { path: at("link"), target: "gone" }),
    on("line", "line", { path: at("changed"), line: "four" }),
    on("directory", "old", { path: at("old"), absent: true, recurse: true }),
  ];
  return { files, at, resources, addresses: resources.map(({ address }) => address) };
}

test("apply, revert, revert the revert: files are as they were each time", async () => {
  await using directory = await temporaryDirectory("undo");
  const { files, resources, addresses } = await prepared(directory.path);
  const { apply, undo, look } = await openHost(directory.path);
  const before = await snapshot(files);
  const states = await apply("a/web-1/0", resources);
  assert.match(states, /^(changed ?)+$/);
  const after = await snapshot(files);
  assert.notDeepEqual(after, before);

  const readings = await look("a", addresses);
  assert.deepEqual(
    readings.flatMap(({ conflicts, remains }) => [...conflicts, ...remains]),
    [],
  );
  assert.ok(readings.some(({ changes }) => changes.some(({ property }) => property.endsWith("new/file"))));

  assert.match(await undo("b/web-1/0", "a", addresses), /^(changed ?)+$/);
  assert.deepEqual(await snapshot(files), before);
  assert.match(await undo("b/web-1/0", "a", addresses), /^(changed ?)+$/, "asked again: the same reports");
  await undo("c/web-1/0", "a", addresses);
  assert.deepEqual(await snapshot(files), before, "taken back already: nothing else");

  assert.match(await undo("d/web-1/0", "b", addresses), /^((un)?changed ?)+$/);
  assert.deepEqual(await snapshot(files), after);
});

test("what somebody changed since is told; contents are kept in files that only the agent reads", async () => {
  await using directory = await temporaryDirectory("undo");
  const { at, resources, addresses } = await prepared(directory.path);
  const { apply, look } = await openHost(directory.path);
  await apply("a/web-1/0", resources);
  await writeFile(at("new/file"), "by hand\n");
  const conflicts = (await look("a", addresses)).flatMap(({ conflicts }) => conflicts);
  assert.deepEqual(conflicts, [at("new/file")]);
  const kept = join(directory.path, "state", "undo", "contents");
  for (const name of await readdir(kept)) assert.equal((await stat(join(kept, name))).mode & 0o777, 0o600);
  assert.equal((await stat(kept)).mode & 0o777, 0o700);
});

test("a folder that now holds what others put there stays, and that is said", async () => {
  await using directory = await temporaryDirectory("undo");
  const { at, files, resources, addresses } = await prepared(directory.path);
  const { apply, host } = await openHost(directory.path);
  const before = await snapshot(files);
  await apply("a/web-1/0", resources);
  await writeFile(at("new/theirs"), "theirs\n");
  const reports = await host.applyUndo({ bundleId: "b/web-1/0", applyId: "a", addresses, hidden: [] });
  assert.match(reports[0]?.output ?? "", /stays: it holds what Havn did not put there/);
  const after = await snapshot(files);
  assert.equal(after["new/theirs"], "file 644 theirs\n");
  delete after["new/theirs"];
  delete after.new;
  assert.deepEqual(after, before);
});

test("a command is not undone, and that is said; one with an undo is", async () => {
  await using directory = await temporaryDirectory("undo");
  const mark = join(directory.path, "mark");
  const { apply, look, undo } = await openHost(directory.path);
  const plain = on("command", "plain", { command: ["touch", `${mark}-plain`], creates: `${mark}-plain` });
  const undone = on("command", "undone", {
    ...{ command: ["touch", mark], creates: mark, undo: ["rm", "-f", mark] },
  });
  assert.equal(await apply("a/web-1/0", [plain, undone]), "changed changed");
  const [first, second] = await look("a", [plain.address, undone.address]);
  assert.deepEqual(first?.remains, [`touch ${mark}-plain was run`]);
  assert.deepEqual(second?.changes, [{ property: "runs", after: `rm -f ${mark}` }]);
  assert.equal(await undo("b/web-1/0", "a", [plain.address, undone.address]), "unchanged changed");
  assert.deepEqual((await readdir(directory.path)).sort(), ["mark-plain", "state"]);
});

test("two names of one file are so again, whichever was put back first", async () => {
  await using directory = await temporaryDirectory("undo");
  const { apply, undo } = await openHost(directory.path);
  const [one, two] = [join(directory.path, "one"), join(directory.path, "two")];
  const link = {
    ...on("hardlink", "two", { path: two, target: one, force: true }),
    dependsOn: ["shop/file/one"],
  };
  const version = (content: string) => [on("file", "one", { path: one, content }), link];
  const addresses = version("").map(({ address }) => address);
  const inodes = async () => (await Promise.all([one, two].map((path) => stat(path)))).map(({ ino }) => ino);
  assert.equal(await apply("first/web-1/0", version("first\n")), "changed changed");
  assert.equal(await apply("second/web-1/0", version("second\n")), "changed changed");
  await apply("third/web-1/0", [], [{ ...link }]);
  for (const [as, id, named] of [
    ["a", "third", [link.address]],
    ["b", "second", addresses],
    ["c", "b", addresses],
  ] as const) {
    await undo(`${as}/web-1/0/undo`, id, [...named]);
    const [first, second] = await inodes();
    assert.equal(first, second, `after taking back ${id}`);
    assert.equal(await readFile(two, "utf8"), as === "b" ? "first\n" : "second\n");
  }
});

test("packages: what an apply did not name is its own only where it is known to have changed it", () => {
  const installed = (version: string) => ({ version, state: "installed", held: false, auto: false });
  const state = (packages: PackagesState["packages"]): PackagesState => ({ packages, files: {} });
  const before = state({ bash: installed("1"), tree: installed("1") });
  const after = state({ bash: installed("1"), tree: installed("2"), libtree: installed("2") });
  const aspect = { kind: "packages" as const, named: ["tree", "none"], purged: [] };
  const namesOf = ({ packages = {} }: Partial<PackagesState> = {}) => Object.keys(packages).sort();
  assert.deepEqual(namesOf(packagesAspect.narrow?.(aspect, before, after).before), ["libtree", "tree"]);
  assert.deepEqual(namesOf(packagesAspect.narrow?.(aspect, before, before).before), []);
  assert.deepEqual(namesOf(packagesAspect.certain?.(aspect, before)), ["none", "tree"]);
  assert.deepEqual(packagesAspect.focus?.(after, state({})), state({}));
});
