import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { HavnError } from "@havn/model";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { openArtifacts } from "./store.ts";

async function withStore(work: (given: Awaited<ReturnType<typeof prepare>>) => Promise<void>): Promise<void> {
  await using db = await testDatabase();
  await migrate(db.sql, "delivery", new URL("../migrations/", import.meta.url));
  const given = await prepare(db.sql);
  try {
    await work(given);
  } finally {
    await rm(given.directory, { recursive: true });
  }
}

async function prepare(sql: Awaited<ReturnType<typeof testDatabase>>["sql"]) {
  const directory = await mkdtemp(join(tmpdir(), "havn-artifacts-"));
  const source = join(directory, "source");
  await mkdir(join(source, "node_modules/.bin"), { recursive: true });
  await writeFile(join(source, "main.js"), randomBytes(1_500_000));
  const long = "long-".repeat(30);
  await mkdir(join(source, long));
  await writeFile(join(source, long, `${long}.js`), "x");
  await symlink("../../main.js", join(source, "node_modules/.bin/main"));
  return {
    directory,
    source,
    sql,
    kept: join(directory, "kept"),
    artifacts: await openArtifacts(sql, join(directory, "kept")),
  };
}

const pack = (source: string, ...options: string[]) =>
  execFileSync("tar", ["-czf", "-", ...options, "-C", source, "."], { maxBuffer: 2 ** 26 });

test("an artifact is stored once, whole, and read back in pieces", () =>
  withStore(async ({ artifacts, source, kept, sql }) => {
    const digest = "a".repeat(64);
    const whole = pack(source);
    const stored = await artifacts.store(
      digest,
      Readable.from([whole.subarray(0, 1000), whole.subarray(1000)]),
    );
    assert.equal(stored.sha256, createHash("sha256").update(whole).digest("hex"));
    const again = await artifacts.store(digest, Readable.from([gzipSync("something else")]));
    assert.deepEqual(again, stored);

    const parts: Uint8Array[] = [];
    for (let offset = 0; offset < stored.size; ) {
      const { bytes, size } = await artifacts.read(stored.sha256, offset);
      assert.equal(size, whole.length);
      parts.push(bytes);
      offset += bytes.length;
    }
    assert.ok(parts.length > 1);
    assert.ok(Buffer.concat(parts).equals(whole));
    assert.deepEqual(
      (await readdir(kept)).toSorted(),
      [`${stored.sha256}.tar.gz`, "files", "incoming"].toSorted(),
    );

    // A file that was lost is asked for again.
    await rm(join(kept, `${stored.sha256}.tar.gz`));
    assert.equal(await artifacts.find(digest), undefined);
    await artifacts.store(digest, Readable.from([whole]));
    assert.equal((await artifacts.find(digest))?.sha256, stored.sha256);
    assert.equal((await sql`select 1 from delivery.artifact`).length, 1);
  }));

for (const format of ["ustar", "gnu", "pax"])
  test(`tar format ${format} is accepted`, () =>
    withStore(async ({ artifacts, source }) => {
      if (format === "ustar") await rm(join(source, "long-".repeat(30)), { recursive: true });
      await artifacts.store("b".repeat(64), Readable.from([pack(source, `--format=${format}`)]));
    }));

test("what could harm a host is refused and leaves nothing behind", () =>
  withStore(async ({ artifacts, source, kept }) => {
    await symlink("/etc/passwd", join(source, "secret"));
    const absolute = pack(source);
    await rm(join(source, "secret"));
    await symlink("../../../etc", join(source, "up"));
    const climbing = pack(source);
    await rm(join(source, "up"));
    const escaping = execFileSync("tar", ["-czPf", "-", "-C", source, "../source/main.js"], {
      maxBuffer: 2 ** 26,
    });
    const rooted = execFileSync("tar", ["-czPf", "-", join(source, "main.js")], { maxBuffer: 2 ** 26 });
    execFileSync("mkfifo", [join(source, "pipe")]);
    const special = pack(source);
    await rm(join(source, "pipe"));
    const good = pack(source);
    const bytes = Buffer.from(good);
    bytes.fill(0, 2000, 2100);
    const cases: [string, Buffer, RegExp][] = [
      ["absolute link", absolute, /link .*secret" leaves/],
      ["climbing link", climbing, /link .*up" leaves/],
      ["climbing path", escaping, /path "..\/source\/main.js" leaves/],
      ["absolute path", rooted, /path "\/.*" leaves/],
      ["pipe", special, /neither a file/],
      ["damaged", bytes, /gzip|damaged/],
      ["cut short", good.subarray(0, good.length - 100), /gzip|cut short/],
      ["no tar", gzipSync(randomBytes(2048)), /damaged/],
      [
        "cut inside",
        gzipSync(
          execFileSync("tar", ["-cf", "-", "-C", source, "main.js"], { maxBuffer: 2 ** 26 }).subarray(
            0,
            4096,
          ),
        ),
        /cut short/,
      ],
      ["empty", gzipSync(Buffer.alloc(1024)), /empty/],
      ["nothing", Buffer.alloc(0), /gzip|cut short/],
    ];
    for (const [name, body, expected] of cases)
      await assert.rejects(artifacts.store("c".repeat(64), Readable.from([body])), (error) => {
        assert.ok(error instanceof HavnError, `${name}: ${error}`);
        assert.equal(error.status, 400, name);
        assert.match(error.detail, expected, name);
        return true;
      });
    assert.equal(await artifacts.find("c".repeat(64)), undefined);
    assert.deepEqual(await readdir(join(kept, "incoming")), []);
  }));

test("an upload that breaks off leaves nothing", () =>
  withStore(async ({ artifacts, kept }) => {
    const body = new Readable({ read() {} });
    body.push(randomBytes(1000));
    const stored = artifacts.store("d".repeat(64), body);
    setImmediate(() => body.destroy(new Error("the line fell")));
    await assert.rejects(stored, /the line fell|premature close/i);
    assert.deepEqual(await readdir(join(kept, "incoming")), []);
  }));
