import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { testDatabase } from "@havn/postgres/testing";
import { caseFiles } from "@havn/testkit";
import { definitions, findDefinition } from "../definitions.ts";
import { matchesPassword, scramVerifier } from "./postgres.database/scram.ts";
import type { HostPlan, Wanted } from "./type.ts";

/** Observed + desired → plan. `UPDATE_CASES=1` rewrites `plan`; read the difference. */
interface Case {
  title: string;
  observed: unknown;
  desired: Record<string, unknown>;
  wanted?: Wanted;
  plan?: HostPlan | { throws: string };
}

for (const type of Object.keys(definitions))
  for (const file of caseFiles(new URL(`${type}/cases/`, import.meta.url), ".json")) {
    const one = JSON.parse(file.text) as Case;
    test(`${type}: ${one.title}`, async () => {
      const plan = planOf(type, one);
      if (process.env.UPDATE_CASES)
        await writeFile(file.path, `${JSON.stringify({ ...one, plan }, null, 2)}\n`);
      else assert.deepEqual(JSON.parse(JSON.stringify(plan)), one.plan);
    });
  }

function planOf(
  type: string,
  { observed, desired, wanted = "present" }: Case,
): HostPlan | { throws: string } {
  const definition = findDefinition(type);
  assert.ok(definition);
  try {
    return definition.plan(observed, definition.schema.parse(desired), wanted);
  } catch (error) {
    if (error instanceof HavnError) return { throws: error.message };
    throw error;
  }
}

test("scram: verifiers that PostgreSQL makes are known, and it takes ours", async () => {
  await using database = await testDatabase();
  await database.sql.unsafe("create role scram_a login password 'correct horse'");
  await database.sql.unsafe(
    `create role scram_b login password '${scramVerifier("scram_b", "correct horse")}'`,
  );
  const rows = await database.sql<{ rolpassword: string }[]>`
    select rolpassword from pg_authid where rolname in ('scram_a', 'scram_b') order by rolname`;
  await database.sql.unsafe("drop role scram_a; drop role scram_b");
  assert.equal(rows.length, 2);
  for (const { rolpassword } of rows) {
    assert.ok(matchesPassword(rolpassword, "correct horse"));
    assert.ok(!matchesPassword(rolpassword, "wrong horse"));
  }
  assert.equal(rows[1]?.rolpassword, scramVerifier("scram_b", "correct horse"));
  assert.ok(!matchesPassword("md5abc", "correct horse"));
});

test("command: a secret among its arguments is warned of; in env and stdin it is not", () => {
  const secret = { $secret: "pw" };
  const summaries = (properties: object) =>
    definitions.command
      .warnings?.({ creates: "/x", on: [], env: {}, ...properties } as never)
      .map(({ summary }) => summary);
  const warned = ['Command "login" has a secret among its arguments'];
  assert.deepEqual(summaries({ command: ["login", secret] }), warned);
  assert.deepEqual(summaries({ command: ["login", { $text: ["--password=", secret] }] }), warned);
  assert.deepEqual(summaries({ command: ["login", { $host: "db-1", attribute: "address" }] }), []);
  assert.deepEqual(summaries({ command: ["login"], env: { PASSWORD: secret }, stdin: secret }), []);
});
