import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@havn/testkit";
import certificate from "../resources/certificate/definition.ts";
import reader from "../resources/certificate/host.ts";
import type { HostReads } from "../resources/type.ts";
import { createAccounts } from "./accounts.ts";
import { openMemory } from "./memory.ts";
import { perform } from "./operations.ts";
import { openReads } from "./read.ts";

const names = ["shop.example.org", "10.0.0.7", "fd00::7", "::1"];

test("one that signs itself is for its names, fits its key, and is left alone until it is due", async () => {
  await using directory = await temporaryDirectory("certificate");
  const at = (name: string) => join(directory.path, name);
  const accounts = createAccounts();
  const owner = await accounts.userName(process.getuid?.() ?? 0);
  const group = await accounts.groupName(process.getgid?.() ?? 0);
  const properties = {
    certificate: at("c.pem"),
    key: at("sub/k.pem"),
    issuer: "self-signed",
    names,
    owner,
    group,
  };
  const host: HostReads = openReads(await openMemory(at("state")));
  const plan = async (changed: object = {}) => {
    const desired = certificate.schema.parse({ ...properties, ...changed }) as never;
    const [observed] = await reader.read([{ address: "e/certificate/h:c", properties: desired }], host);
    assert.ok(observed);
    return certificate.plan(observed, desired, "present");
  };
  const first = await plan();
  assert.equal(first.action, "create");
  for (const operation of first.operations) await perform(operation);

  const issued = new X509Certificate(await readFile(at("c.pem")));
  assert.ok(issued.verify(issued.publicKey));
  assert.ok(issued.checkPrivateKey(createPrivateKey(await readFile(at("sub/k.pem")))));
  assert.equal(issued.checkHost("shop.example.org"), "shop.example.org");
  for (const ip of names.slice(1)) assert.equal(issued.checkIP(ip), ip);
  assert.equal(Math.round((Date.parse(issued.validTo) - Date.now()) / 86_400_000), 90);
  assert.equal((await stat(at("sub/k.pem"))).mode & 0o777, 0o600);

  assert.equal((await plan()).action, "no-op");
  const due = await plan({ renewBefore: 91 });
  assert.deepEqual(due.changes, [{ property: "daysLeft", before: 89, after: "renewed" }]);
  for (const operation of due.operations) await perform(operation);
  assert.notEqual(new X509Certificate(await readFile(at("c.pem"))).serialNumber, issued.serialNumber);
  assert.deepEqual(
    (await plan({ names: ["other.example.org"] })).changes.map(({ property }) => property),
    ["names"],
  );
});
