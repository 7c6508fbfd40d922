import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { crc32, deflateRawSync } from "node:zlib";
import { type Resource, systemClock } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { createResourceHost } from "../host.ts";
import { perform } from "./operations.ts";

const run = promisify(execFile);
const unpacking = { strip: 0, exclude: [], attributes: {} };

/** A zip of one file each, packed with deflate; made on Unix. */
function zip(files: Record<string, { content: string; mode?: number }>): Buffer {
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, { content, mode = 0o100644 }] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50);
    head.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE((3 << 8) | 20, 4);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(Buffer.byteLength(content), 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    const body = Buffer.concat([head, Buffer.from(name), packed]);
    offset += body.length;
    bodies.push(body);
    entries.push(Buffer.concat([entry, Buffer.from(name)]));
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, directory, end]);
}

async function folders() {
  const directory = await temporaryDirectory("fetched");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("out"));
  return { at, [Symbol.asyncDispose]: directory[Symbol.asyncDispose] };
}

test("zip: files, modes, links; parts stripped, names left out", async () => {
  await using here = await folders();
  const files = {
    "top/bin/tool": { content: "#!/bin/sh\n".repeat(100), mode: 0o100755 },
    "top/readme.md": { content: "x" },
    "top/link": { content: "bin/tool", mode: 0o120777 },
  };
  await writeFile(here.at("a.zip"), zip(files));
  const operation = {
    kind: "unpack",
    format: "zip",
    archive: here.at("a.zip"),
    path: here.at("out"),
  } as const;
  await perform({ ...operation, ...unpacking, strip: 1, exclude: ["*.md"] });
  assert.deepEqual((await readdir(here.at("out"))).sort(), ["bin", "link"]);
  assert.equal(await readFile(here.at("out/bin/tool"), "utf8"), files["top/bin/tool"].content);
  assert.equal((await stat(here.at("out/bin/tool"))).mode & 0o777, 0o755);
  assert.equal(await readlink(here.at("out/link")), "bin/tool");
});

test("an archive that leads out of its folder, or is damaged, leaves nothing there", async () => {
  await using here = await folders();
  const operation = { kind: "unpack", archive: here.at("a"), path: here.at("out"), ...unpacking } as const;
  await writeFile(here.at("a"), zip({ fine: { content: "x" }, "../evil": { content: "x" } }));
  await assert.rejects(perform({ ...operation, format: "zip" }), /leads out of the folder/);
  await writeFile(here.at("evil"), "x");
  await run("tar", ["-C", here.at("out"), "-P", "-cf", here.at("a"), "../evil"]);
  await assert.rejects(perform({ ...operation, format: "tar" }), /leads out of the folder/);
  const whole = zip({ fine: { content: "x".repeat(50) } });
  await writeFile(here.at("a"), whole.subarray(0, whole.length - 10));
  await assert.rejects(perform({ ...operation, format: "zip" }), /cannot be unpacked/);
  assert.deepEqual(await readdir(here.at("out")), []);
});

test("download: only what its checksum says takes its place", async () => {
  await using here = await folders();
  const server = createServer((request, response) => {
    if (request.url === "/moved") return response.writeHead(302, { location: "/file" }).end();
    if (request.url === "/cut") return response.writeHead(200, { "content-length": "100" }).end("abc");
    response.statusCode = request.url === "/file" ? 200 : 404;
    response.end("content");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sha256 = createHash("sha256").update("content").digest("hex");
    const operation = {
      kind: "download",
      sha256,
      path: here.at("f"),
      attributes: {},
      timeoutMs: 5000,
    } as const;
    await perform({ ...operation, url: `${url}/moved`, attributes: { mode: "0600" } });
    assert.equal(await readFile(here.at("f"), "utf8"), "content");
    await assert.rejects(
      perform({ ...operation, url: `${url}/file`, sha256: "0".repeat(64) }),
      /not what was declared/,
    );
    await assert.rejects(perform({ ...operation, url: `${url}/none?key=secret` }), (error: Error) => {
      assert.match(`${error.message}`, /\/none could not be fetched/);
      return !error.message.includes("secret");
    });
    await assert.rejects(perform({ ...operation, url: `${url}/cut` }), /could not be fetched/);
    assert.equal(await readFile(here.at("f"), "utf8"), "content");
    assert.equal((await stat(here.at("f"))).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(here.at("."))).sort(), ["f", "out"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("git: cloned, followed, local changes left alone, then thrown away by force", async () => {
  await using here = await folders();
  const commit = async () => {
    await run("git", [
      "-C",
      here.at("repo"),
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@b",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "x",
    ]);
    return (await run("git", ["-C", here.at("repo"), "rev-parse", "HEAD"])).stdout.trim();
  };
  await run("git", ["init", "-q", "-b", "main", here.at("repo")]);
  const first = await commit();
  const host = await createResourceHost({ stateDirectory: here.at("state"), clock: systemClock });
  let bundles = 0;
  const apply = async (properties: Record<string, unknown>) => {
    const resource: Resource = {
      ...{ address: "e/git/h:co", type: "git", name: "h:co", host: "h", dependsOn: [] },
      properties: { path: here.at("co"), repository: here.at("repo"), ...properties },
    };
    const [report] = await host.apply({
      bundleId: String(++bundles),
      resources: [resource],
      remove: [],
      secrets: {},
    });
    return report?.error ?? report?.state;
  };
  const head = async () => (await run("git", ["-C", here.at("co"), "rev-parse", "HEAD"])).stdout.trim();
  assert.equal(await apply({ revision: "main" }), "changed");
  assert.equal(await apply({ revision: "main" }), "unchanged");
  assert.equal(await head(), first);
  const second = await commit();
  assert.equal(await apply({ revision: second }), "changed");
  assert.equal(await head(), second);
  await writeFile(here.at("co/mine"), "x");
  assert.match(String(await apply({ revision: second })), /was changed locally/);
  assert.equal(await apply({ revision: second, force: true }), "changed");
  assert.equal(await apply({ revision: second }), "unchanged");
  assert.match(String(await apply({ revision: "nowhere" })), /no branch or tag "nowhere"/);
});

test("a path that leads through somebody else's link is refused", {
  skip: process.getuid?.() !== 0 && "needs root",
}, async () => {
  await using here = await folders();
  await symlink(here.at("out"), here.at("link"));
  await run("chown", ["-h", "nobody", here.at("link")]);
  const operation = { kind: "write", content: "x", attributes: {} } as const;
  await assert.rejects(perform({ ...operation, path: here.at("link/f") }), /a link that is not root's/);
  await perform({ ...operation, path: here.at("out/f") });
});
