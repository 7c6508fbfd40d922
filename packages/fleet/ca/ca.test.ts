import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "@havn/model";
import { createKeyAndRequest } from "../protocol/request.ts";
import { openCertificateAuthority } from "./ca.ts";

async function authority(context: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "havn-ca-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return { directory, ca: await openCertificateAuthority(directory, systemClock) };
}

test("the key is private and the authority is the same after it is opened again", async (context) => {
  const { directory, ca } = await authority(context);
  assert.equal((await stat(join(directory, "key.pem"))).mode & 0o777, 0o600);
  const again = await openCertificateAuthority(directory, systemClock);
  assert.equal(again.certificate, ca.certificate);
  const issued = new X509Certificate((await again.issueServer(["localhost"])).certificate);
  assert.ok(issued.verify(new X509Certificate(ca.certificate).publicKey));
});

test("a server certificate names every address and fits its key", async (context) => {
  const { ca } = await authority(context);
  const { certificate, key } = await ca.issueServer(["localhost", "127.0.0.1", "10.77.1.1", "fd00::1"]);
  const parsed = new X509Certificate(certificate);
  assert.ok(parsed.checkIssued(new X509Certificate(ca.certificate)));
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  for (const ip of ["127.0.0.1", "10.77.1.1", "fd00::1"]) assert.equal(parsed.checkIP(ip), ip);
  assert.equal(parsed.checkHost("localhost"), "localhost");
  assert.equal(parsed.checkIP("10.77.1.2"), undefined);
});

test("an agent's certificate carries its host, its own key and the serial that is recorded", async (context) => {
  const { ca } = await authority(context);
  const host = `${"e".repeat(60)}/host/${"h".repeat(60)}`;
  const { key, request } = await createKeyAndRequest(host);
  const issued = await ca.issueClient(host, request);
  const parsed = new X509Certificate(issued.pem);
  assert.equal(parsed.subjectAltName, `URI:havn://${host}`);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  assert.equal(parsed.serialNumber, issued.serial);
  const days = (Date.parse(parsed.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 89 && days <= 90, `${days} days`);
});

test("a request that is damaged or not its sender's is refused", async (context) => {
  const { ca } = await authority(context);
  await assert.rejects(ca.issueClient("shop/host/web-1", "no request"), /cannot be used/);
  const { request } = await createKeyAndRequest("shop/host/web-1");
  const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ""), "base64");
  der[der.length - 3] = (der[der.length - 3] ?? 0) ^ 0xff;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  await assert.rejects(ca.issueClient("shop/host/web-1", forged), /cannot be used/);
});
