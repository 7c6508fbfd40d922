import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  HavnError,
  type ResourceGraph,
  type SealedFile,
  type SecretReference,
  systemClock,
} from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { encryptAge, generateAgeKey, parseSops, pathOf, sealedFileId, sealedValueId } from "@havn/sops";
import { createAccess } from "../index.ts";

const sopsText = await readFile(new URL("../../sops/cases/secrets.yaml", import.meta.url), "utf8");
const sopsKeys = await readFile(new URL("../../sops/cases/age-keys.txt", import.meta.url), "utf8");
const sopsFile: SealedFile = { file: "secrets/prod.yaml", format: "yaml", text: sopsText };

async function open() {
  const database = await testDatabase();
  const dataDirectory = await mkdtemp(join(tmpdir(), "havn-secrets-"));
  const timeline = { write: async () => undefined };
  const access = await createAccess({ sql: database.sql, clock: systemClock, timeline, dataDirectory });
  return {
    ...{ access, dataDirectory, sql: database.sql },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true });
    },
  };
}

const inSops = (key: string): SecretReference => ({
  $secret: `secrets/prod.yaml#${key}`,
  sealed: sealedValueId(parseSops(sopsText, "yaml"), pathOf(key)) ?? "0".repeat(32),
});

const graphOf = (references: Record<string, unknown>, sealed?: SealedFile[]): ResourceGraph => ({
  version: 1,
  environment: "prod",
  resources: [
    {
      address: "prod/service/shop",
      type: "service",
      name: "shop",
      properties: { env: references },
      dependsOn: [],
      location: { file: "havn.config.ts", line: 7, column: 3 },
    },
  ],
  ...(sealed && { sealed }),
});

const told = (what: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HavnError, String(error));
  const [first] = error.diagnostics;
  assert.match(`${first?.summary} ${first?.detail}`, what);
  assert.equal(first?.at?.line, 7);
  return true;
};

test("versions: a new value forgets the old one; a deleted secret counts on", async () => {
  await using it = await open();
  const { secrets } = it.access;
  const at = { environment: "prod", name: "db" };
  const generated = await secrets.ensure("prod", "db");
  assert.equal(await secrets.set(at, "mine", "user:ada"), 2);
  assert.equal(await secrets.find("prod", "db"), "mine");
  assert.deepEqual(
    await Promise.all([1, 2, 3].map(() => secrets.rotate(at, "user:ada"))).then((all) => all.sort()),
    [3, 4, 5],
  );
  const [row] = await secrets.list("prod");
  assert.deepEqual(
    { version: row?.version, given: row?.given, by: row?.createdBy },
    { version: 5, given: false, by: "user:ada" },
  );
  const [kept] = await it.sql<
    { count: number }[]
  >`select count(*)::int from access.secret where sealed is not null`;
  assert.equal(kept?.count, 1);
  await secrets.delete(at);
  assert.equal(await secrets.find("prod", "db"), undefined);
  await assert.rejects(secrets.delete(at), /There is no secret "db"/);
  const anew = await secrets.ensure("prod", "db");
  assert.ok(anew !== generated && anew !== "mine");
  assert.equal((await secrets.list("prod"))[0]?.version, 6);
});

test("equal values have equal fingerprints, of this installation only", async () => {
  await using one = await open();
  await using other = await open();
  const { fingerprint } = one.access.secrets;
  assert.equal(fingerprint("hunter2"), fingerprint("hunter2"));
  assert.notEqual(fingerprint("hunter2"), fingerprint("hunter3"));
  assert.notEqual(fingerprint("hunter2"), other.access.secrets.fingerprint("hunter2"));
});

test("a SOPS file: checked when it is planned, opened when it is sent, never kept open", async () => {
  await using it = await open();
  const { access } = it;
  const graph = graphOf({ A: inSops("test_key"), B: { $text: ["x", inSops("nested.test.file")] } }, [
    sopsFile,
  ]);
  // None of the control plane's identities opens it: told at the line, and nothing is kept.
  await assert.rejects(
    access.prepareSecrets(graph),
    told(/secrets\/prod.yaml cannot be used: None of Havn's age identities/),
  );
  await assert.rejects(access.secrets.open("prod", inSops("test_key")), /ciphertext .* is not here/);
  const identities = join(it.dataDirectory, "age-identities");
  assert.equal((await stat(identities)).mode & 0o777, 0o600);
  await writeFile(identities, (await readFile(identities, "utf8")) + sopsKeys);
  const prepared = await access.prepareSecrets(graph);
  assert.equal(prepared.sealed, undefined);
  assert.deepEqual(prepared.resources, graph.resources);
  assert.equal(await access.secrets.open("prod", inSops("test_key")), "test_value");
  assert.equal(await access.secrets.open("prod", inSops("nested.test.file")), "another value");
  // Whoever must not tell one of them is given them too.
  await access.secrets.ensure("prod", "generated");
  const values = await access.secrets.values("prod");
  assert.equal(values.length, 3);
  assert.ok(values.includes("test_value") && values.includes("another value"));
  assert.deepEqual(await access.secrets.values("dev"), []);
  // Another environment has not planned with it.
  await assert.rejects(access.secrets.open("dev", inSops("test_key")), /is not here/);
  const tables = JSON.stringify([
    await it.sql`table access.sealed_file`,
    await it.sql`table access.sealed_value`,
  ]);
  assert.ok(!/test_value|another value/.test(tables));
});

test("a SOPS file that was changed, a key that is not there, a file that did not come: one error, nothing kept", async () => {
  await using it = await open();
  const identities = join(it.dataDirectory, "age-identities");
  await writeFile(identities, sopsKeys);
  const tampered = { ...sopsFile, text: sopsText.replace(/lastmodified: "2021/, 'lastmodified: "2020') };
  for (const [graph, what] of [
    [graphOf({ A: inSops("test_key") }, [tampered]), /changed without SOPS: its MAC is not/],
    [graphOf({ A: inSops("nope") }, [sopsFile]), /has no such value at nope/],
    [graphOf({ A: { ...inSops("test_key"), sealed: "0".repeat(32) } }, [sopsFile]), /no such value/],
    [graphOf({ A: inSops("test_key") }), /did not come with the plan/],
  ] as const)
    await assert.rejects(it.access.prepareSecrets(graph), told(what));
  assert.equal((await it.sql`table access.sealed_file`).length, 0);
});

test("an age file, for the control plane's own recipient; its identities are made, taken over and kept in order", async () => {
  await using it = await open();
  const call = async (method: string, path: string, body?: unknown) => {
    const route = it.access.routes.find((one) => one.method === method && one.path === path);
    return (await route?.handle({ body, identity: { actor: "user:ada" } } as never)) as {
      recipients: string[];
    };
  };
  const [own = ""] = (await call("GET", "/api/v1/secret-recipients")).recipients;
  const text = await encryptAge("of the repository", [own]);
  const reference = { $secret: "key.age", sealed: sealedFileId(text) };
  await it.access.prepareSecrets(graphOf({ A: reference }, [{ file: "key.age", format: "age", text }]));
  assert.equal(await it.access.secrets.open("prod", reference), "of the repository");
  const {
    recipients: [newest],
  } = await call("POST", "/api/v1/secret-recipients", {});
  const foreign = await generateAgeKey();
  const taken = await call("POST", "/api/v1/secret-recipients", {
    identities: `# mine\n${foreign.identity}\n`,
  });
  assert.deepEqual(taken.recipients, [foreign.recipient]);
  assert.deepEqual(
    (await call("POST", "/api/v1/secret-recipients", { identities: foreign.identity })).recipients,
    [],
  );
  await assert.rejects(
    call("POST", "/api/v1/secret-recipients", { identities: "nothing" }),
    /Line 1 holds no age identity/,
  );
  const { recipients } = await call("GET", "/api/v1/secret-recipients");
  const kept = await readFile(join(it.dataDirectory, "age-identities"), "utf8");
  assert.deepEqual(recipients, [newest, own, foreign.recipient]);
  // What opens no more hides nothing, and keeps nobody from the rest.
  await it.access.secrets.ensure("prod", "generated");
  await writeFile(join(it.dataDirectory, "age-identities"), `${foreign.identity}\n`);
  assert.equal((await it.access.secrets.values("prod")).length, 1);
  await writeFile(join(it.dataDirectory, "age-identities"), kept);
  // What was encrypted for the older one still opens.
  assert.equal(await it.access.secrets.open("prod", reference), "of the repository");
});

test("a secret that a person sets: nothing is planned before, its version is in the plan", async () => {
  await using it = await open();
  const reference: SecretReference = { $secret: "payment-key", given: true };
  await assert.rejects(
    it.access.prepareSecrets(graphOf({ A: reference })),
    told(/not set Set it: havn secret set/),
  );
  await assert.rejects(it.access.secrets.open("prod", reference), /is not set/);
  const at = { environment: "prod", name: "payment-key" };
  await it.access.secrets.set(at, "one", "user:ada");
  assert.deepEqual(await it.access.prepareSecrets(graphOf({ A: reference })), graphOf({ A: reference }));
  await it.access.secrets.set(at, "two", "user:ada");
  assert.deepEqual(
    await it.access.prepareSecrets(graphOf({ A: reference })),
    graphOf({ A: { ...reference, version: 2 } }),
  );
  assert.equal(await it.access.secrets.open("prod", { ...reference, version: 1 }), "two");
});

test("ciphertexts that nothing refers to any more are forgotten, what is in use and what was planned lately is not", async () => {
  await using it = await open();
  await writeFile(join(it.dataDirectory, "age-identities"), sopsKeys);
  const [used, unused] = [inSops("test_key"), inSops("nested.test.file")];
  const plan = () => it.access.prepareSecrets(graphOf({ A: used, B: unused }, [sopsFile]));
  const ids = async () =>
    (await it.sql<{ id: string }[]>`select id from access.sealed_value order by name desc`).map(
      ({ id }) => id,
    );
  const age = async () => {
    await it.sql`update access.sealed_value set created_at = 0`;
    await it.sql`update access.sealed_file set created_at = 0`;
  };
  await plan();
  await it.access.pruneSealed(async () => []);
  assert.equal((await ids()).length, 2);
  await age();
  await it.access.pruneSealed(async () => [used.sealed ?? ""]);
  assert.deepEqual(await ids(), [used.sealed]);
  assert.equal(await it.access.secrets.open("prod", used), "test_value");
  // Planned once more it counts anew.
  await age();
  await plan();
  await it.access.pruneSealed(async () => []);
  assert.equal((await ids()).length, 2);
  await age();
  await it.access.pruneSealed(async () => []);
  assert.equal((await it.sql`table access.sealed_file`).length, 0);
});
