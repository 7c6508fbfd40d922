import assert from "node:assert/strict";
import { appendFile, chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory, until } from "@havn/testkit";
import { createDbusReader, type DbusHeader, unitOfPath } from "./dbus.ts";
import { neededDirectories, watchFiles } from "./files.ts";
import { watchUnits } from "./units.ts";

test("files are seen to be edited, replaced, removed, made, and to come and go with the folders above", async () => {
  await using directory = await temporaryDirectory("watch");
  const at = (name: string) => join(directory.path, name);
  await mkdir(at("etc/a"), { recursive: true });
  await writeFile(at("etc/a/one"), "1");
  let seen: string[] = [];
  using watch = watchFiles({ onChange: (paths) => seen.push(...paths), log: assert.fail });
  const paths = ["etc/a/one", "etc/a/none", "etc/later/deep/two"].map(at);
  watch.set([...paths, `${at("etc/every")}/`]);
  assert.equal(watch.stats().unwatched, 0);
  const after = async (path: string, work: () => Promise<unknown>) => {
    seen = [];
    await work();
    await until(() => seen.includes(path), { what: path, timeoutMs: 20_000 });
  };
  const [one = "", none = "", two = ""] = paths;
  await after(one, () => appendFile(one, "2"));
  await after(one, () => chmod(one, 0o600));
  await writeFile(at("etc/a/new"), "3");
  await after(one, () => rename(at("etc/a/new"), one));
  await after(one, () => rm(one));
  await after(none, () => writeFile(none, ""));
  await after(two, () => mkdir(at("etc/later")));
  await after(two, () => mkdir(at("etc/later/deep")));
  await after(two, () => writeFile(two, ""));
  await after(none, () => rename(at("etc/a"), at("etc/b")));
  await after(none, () => mkdir(at("etc/a")));
  await after(none, () => writeFile(none, "again"));
  await after(`${at("etc/every")}/`, () => mkdir(at("etc/every")));
  await after(`${at("etc/every")}/`, () => writeFile(at("etc/every/any"), ""));
  await after(two, () => rm(at("etc/later"), { recursive: true }));
});

test("thousands of files of one folder take one watch", () => {
  const paths = Array.from({ length: 5000 }, (_, index) => `/etc/many/${index}`);
  assert.deepEqual([...neededDirectories(paths).keys()], ["/", "/etc", "/etc/many"]);
});

/** As systemd sends it: little endian, path, interface, member, signature. */
function signal(path: string, name: string, member: string, body = Buffer.alloc(0)): Buffer {
  const text = (code: number, type: string, value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), length, bytes, Buffer.from([0])]);
  };
  const fields = [text(1, "o", path), text(2, "s", name), text(3, "s", member)];
  const signature = Buffer.from([8, 1, 0x67, 0, 1, 0x73, 0]);
  let array = Buffer.alloc(0);
  for (const field of [...fields, signature])
    array = Buffer.concat([array, Buffer.alloc((8 - (array.length % 8)) % 8), field]);
  const head = Buffer.alloc(16);
  head.write("l", 0);
  head[1] = 4;
  head[3] = 1;
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(1, 8);
  head.writeUInt32LE(array.length, 12);
  return Buffer.concat([head, array, Buffer.alloc((8 - (array.length % 8)) % 8), body]);
}

const properties = "org.freedesktop.DBus.Properties";
const unit = (name: string) => `/org/freedesktop/systemd1/unit/${name}`;

test("messages are told apart however they arrive", () => {
  const headers: DbusHeader[] = [];
  const read = createDbusReader((header) => headers.push(header));
  const bytes = Buffer.concat([
    signal(unit("ssh_2eservice"), properties, "PropertiesChanged", Buffer.from("whatever")),
    signal("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "UnitFilesChanged"),
  ]);
  for (const byte of bytes) read(Buffer.from([byte]));
  assert.deepEqual(
    headers.map(({ path, member }) => [unitOfPath(path), member]),
    [
      ["ssh.service", "PropertiesChanged"],
      [undefined, "UnitFilesChanged"],
    ],
  );
  assert.throws(() => read(Buffer.alloc(16, "x")), TypeError);
});

test("systemd is heard, and again after it has closed the connection", async () => {
  await using directory = await temporaryDirectory("bus");
  const socketPath = join(directory.path, "private");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      if (text.includes("AUTH EXTERNAL")) socket.write("OK 0123456789abcdef\r\n");
      if (text.includes("BEGIN"))
        socket.end(signal(unit("a_2dworker_40x_2eservice"), properties, "PropertiesChanged"));
    });
  }).listen(socketPath);
  const heard: (readonly string[] | undefined)[] = [];
  const watch = watchUnits({ socketPath, onChange: (units) => heard.push(units) });
  try {
    await until(() => heard.length >= 4, { what: "two connections", timeoutMs: 20_000 });
    assert.deepEqual(heard.slice(0, 4), [
      undefined,
      ["a-worker@x.service"],
      undefined,
      ["a-worker@x.service"],
    ]);
  } finally {
    watch[Symbol.dispose]();
    server.close();
  }
});
