import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import { migrate } from "@havn/postgres";
import { testDatabase } from "@havn/postgres/testing";
import { findCertificateNames } from "./certificates.ts";
import { ensureEnvironment, recordResources } from "./store.ts";

test("names are told of what is declared for that host, signed by the authority, and of nothing else", async () => {
  await using database = await testDatabase();
  const { sql } = database;
  await migrate(sql, "infrastructure", new URL("./migrations/", import.meta.url));
  await ensureEnvironment(sql, "e", undefined);
  const resource = (name: string, issuer: string, type = "certificate"): Resource => ({
    ...{ address: `e/${type}/h:${name}`, type, name: `h:${name}`, host: "h", dependsOn: [] },
    properties: { names: [`${name}.example.org`], issuer },
  });
  const put = [resource("shop", "havn"), resource("own", "self-signed"), resource("f", "havn", "file")];
  await sql.begin((db) =>
    recordResources(db, {
      ...{ environment: "e", applyId: "1", at: 0, remove: [] },
      put: put.map((one, position) => ({ resource: one, position })),
    }),
  );
  assert.deepEqual(await findCertificateNames(sql, "e/host/h", "e/certificate/h:shop"), ["shop.example.org"]);
  assert.equal(await findCertificateNames(sql, "e/host/other", "e/certificate/h:shop"), undefined);
  assert.equal(await findCertificateNames(sql, "e/host/h", "e/certificate/h:own"), undefined);
  assert.equal(await findCertificateNames(sql, "e/host/h", "e/file/h:f"), undefined);
  assert.equal(await findCertificateNames(sql, "e/host/h", "e/certificate/h:none"), undefined);
});
