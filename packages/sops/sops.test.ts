import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { formatOf, listPaths, parseSops, pathOf } from "./document.ts";
import { decryptAge, encryptAge, generateAgeKey, openSops, parseIdentities } from "./index.ts";
import { encryptYaml } from "./testing/encrypt.ts";

const read = (name: string) => readFileSync(new URL(`cases/${name}`, import.meta.url), "utf8");
const identities = (await parseIdentities(read("age-keys.txt"))).map(({ identity }) => identity);
const format = (name: string) => formatOf(name) ?? "yaml";

const refused = (what: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HavnError, String(error));
  assert.equal(error.status, 400);
  assert.match(error.message, what);
  return true;
};

const made: Record<string, Record<string, string | undefined>> = {
  "secrets.yaml": {
    test_key: "test_value",
    "a_list[0]": "e1",
    "nested.test.file": "another value",
    none: undefined,
  },
  "secrets.json": { test_key: "test_value" },
  "secrets.env": {
    hello: "Welcome to SOPS! Edit this file as you please!",
    example_key: "example_value",
    example_multiline: "foo\nbar\nbaz",
  },
  "secrets.ini": {
    "Welcome!.hello": "Welcome to SOPS! Edit this file as you please!",
    "Welcome!.example_key": "example_value",
  },
};

for (const [name, values] of Object.entries(made))
  test(`${name}: as SOPS wrote it, its MAC checked`, async () => {
    const opened = await openSops(read(name), format(name), identities);
    for (const [path, value] of Object.entries(values)) assert.equal(opened.find(pathOf(path)), value, path);
  });

for (const name of Object.keys(made)) {
  test(`${name}: whatever is changed in it is noticed`, async () => {
    const text = read(name);
    const value = /data:([^,]{8})/.exec(text.replace(/^.*type:comment.*$/m, ""))?.[1] ?? "";
    const changed = text.replace(`data:${value}`, `data:AAAAAAA${value.slice(7)}`);
    assert.notEqual(changed, text);
    await assert.rejects(openSops(changed, format(name), identities), refused(/changed without SOPS/));
    const later = text.replace(/(lastmodified[^\d]*)\d{4}/, "$12019");
    await assert.rejects(openSops(later, format(name), identities), refused(/its MAC is not/));
  });
  test(`${name}: another identity does not open it`, async () => {
    const { identity } = await generateAgeKey();
    await assert.rejects(
      openSops(read(name), format(name), [identity]),
      refused(/None of Havn's age identities/),
    );
    await assert.rejects(openSops(read(name), format(name), []), refused(/None of Havn's age identities/));
  });
}

test("a value that was added, taken out or moved is noticed", async () => {
  const text = read("secrets.yaml");
  const moved = text.replace("test_key:", "other_key:");
  await assert.rejects(openSops(moved, "yaml", identities), refused(/other_key does not open/));
  const without = text.replace(/^test_key: .*\n/m, "");
  await assert.rejects(openSops(without, "yaml", identities), refused(/its MAC is not/));
  const added = `plain: 1\n${text}`;
  await assert.rejects(openSops(added, "yaml", identities), refused(/plain does not open/));
  const twice = `${text.match(/^test_key: .*\n/m)?.[0]}${text}`;
  await assert.rejects(openSops(twice, "yaml", identities), refused(/not sound YAML/));
  await assert.rejects(openSops(text.replace(/^ +mac: .*\n/m, ""), "yaml", identities), refused(/no MAC/));
});

const { identity, recipient } = await generateAgeKey();
const values = {
  name: "shop",
  port: 8080,
  share: 0.0000001,
  large: 123456789012345680000,
  on: true,
  empty_unencrypted: "",
  db: { user_unencrypted: "shop", password: 'p#ß: \n"', debug: false },
};

test("partly encrypted files: suffix, regular expression, MAC over encrypted values only", async () => {
  for (const { isPlain, metadata, macOnlyEncrypted } of [
    {
      isPlain: (path: readonly string[]) => path.some((part) => part.endsWith("_unencrypted")),
      metadata: "unencrypted_suffix: _unencrypted",
    },
    {
      isPlain: (path: readonly string[]) => !path.some((part) => /^PASS/i.test(part)),
      metadata: "encrypted_regex: (?i)^PASS",
    },
    {
      isPlain: (path: readonly string[]) => path.includes("db"),
      metadata: "unencrypted_regex: ^db$",
      macOnlyEncrypted: true,
    },
    { isPlain: (path: readonly string[]) => path.includes("db"), metadata: "encrypted_comment_regex: sops" },
  ]) {
    const file = await encryptYaml(values, {
      recipients: [recipient],
      isPlain,
      metadata,
      macOnlyEncrypted,
      comment: "a comment",
    });
    const opened = await openSops(file, "yaml", [identity]);
    // What is outside of the MAC by the file's own rule may be changed by anybody: it is no value to rely on.
    const inDb = (found: string) => (macOnlyEncrypted ? undefined : found);
    assert.equal(opened.find(["db", "password"]), inDb(values.db.password), metadata);
    assert.equal(opened.find(["db", "user_unencrypted"]), inDb("shop"));
    assert.equal(opened.find(["db", "debug"]), inDb("false"));
    assert.equal(opened.find(["port"]), "8080");
    assert.equal(opened.find(["share"]), "0.0000001");
    assert.equal(opened.find(["on"]), "true");
    assert.equal(opened.find(["db"]), undefined);
    const changed = file.replace(/user_unencrypted: "shop"/, 'user_unencrypted: "root"');
    const check = openSops(changed, "yaml", [identity]);
    if (macOnlyEncrypted) assert.equal((await check).find(["db", "user_unencrypted"]), undefined);
    else if (changed !== file) await assert.rejects(check, refused(/its MAC is not/));
  }
});

test("a rule from outside is bounded: its length, what it may mean, and the time that it takes", async () => {
  const withRule = (rule: string) =>
    encryptYaml(
      { [`${"a".repeat(40)}!`]: "x" },
      { recipients: [recipient], metadata: `encrypted_regex: '${rule}'` },
    );
  for (const [rule, what] of [
    ["^(a+)+$", /takes too long/],
    ["a".repeat(1001), /is too long/],
    ["[[:alpha:]]", /no regular expression that Havn understands/],
    ["(", /no regular expression that Havn understands/],
  ] as const)
    await assert.rejects(openSops(await withRule(rule), "yaml", [identity]), refused(what));
  assert.equal(
    (await openSops(await withRule("^a+!$"), "yaml", [identity])).find([`${"a".repeat(40)}!`]),
    "x",
  );
});

test("what is no SOPS file says what it is", async () => {
  for (const [text, format, what] of [
    ["a: 1\n", "yaml", /not encrypted with SOPS/],
    ["a: [\n", "yaml", /not sound YAML/],
    ["- 1\n", "yaml", /objects at their top/],
    ["a: &a\n  b: *a\nsops: {}\n", "yaml", /an alias \(\*\), which SOPS never writes/],
    ['{"a": 1}', "json", /not encrypted with SOPS/],
    ["a", "dotenv", /Line 1 is no dotenv line/],
    ["[a\nb", "ini", /Line 1 is no INI line/],
    ["a: 1\nsops: { pgp: [{ fp: a }] }\n", "yaml", /no age recipient/],
  ] as const)
    await assert.rejects(openSops(text, format, identities), refused(what));
});

test("paths are read without any key", () => {
  const document = parseSops(read("secrets.yaml"), "yaml");
  assert.deepEqual(listPaths(document), ["test_key", "a_list[0]", "a_list[1]", "nested.test.file"]);
});

test("age: Debian's client and Havn open each other's files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "havn-age-"));
  try {
    writeFileSync(join(folder, "key"), `${identity}\n`, { mode: 0o600 });
    const theirs = execFileSync("age", ["--armor", "--recipient", recipient], {
      input: "from age",
    }).toString();
    assert.equal(Buffer.from(await decryptAge(theirs, identities.concat(identity))).toString(), "from age");
    const ours = await encryptAge("from Havn", [recipient]);
    const opened = execFileSync("age", ["--decrypt", "--identity", join(folder, "key")], { input: ours });
    assert.equal(opened.toString(), "from Havn");
    await assert.rejects(decryptAge(theirs, identities), refused(/None of Havn's age identities/));
    await assert.rejects(decryptAge("nothing", identities), refused(/no armored age file/));
    const lines = theirs.split("\n");
    const damaged = [...lines.slice(0, -3), `AAAA${lines.at(-3)?.slice(4)}`, ...lines.slice(-2)].join("\n");
    await assert.rejects(decryptAge(damaged, [identity]), refused(/changed after it was encrypted/));
    await assert.rejects(encryptAge("x", ["age1nothing"]), refused(/is no age recipient/));
    await assert.rejects(
      parseIdentities("# a\nAGE-SECRET-KEY-1NONE\n"),
      refused(/Line 2 holds no age identity/),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
