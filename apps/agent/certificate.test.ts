import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock as clock, type Resource, resolveReferences } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { readConfig } from "./config.ts";
import { reachAny } from "./connection/reach.ts";
import { applyHost, hostResource, openTestFleet } from "./testing.ts";

const host = "e/host/h";
const limit = { timeout: 600_000 };

test("the internal authority signs what is declared for a host, and nothing else", limit, async (context) => {
  await using directory = await temporaryDirectory("agent-certificate");
  const { fleet, dataDirectory } = await openTestFleet(context, {
    resolve: async (_, value) => resolveReferences(value, { host: () => "10.0.0.7", secret: () => "" }),
    handlers: {
      telemetry: async () => {},
      artifact: async () => ({ size: 0, bytes: new Uint8Array() }),
      event: async () => {},
      certificateNames: async (of, address) =>
        of === host && address === "e/certificate/h:declared"
          ? ["shop.example.org", { $host: "h", attribute: "address" }]
          : undefined,
    },
  });
  await applyHost(fleet, hostResource("e", "h"));
  const owner = userInfo().username;
  const resource = (name: string): Resource => ({
    ...{
      address: `e/certificate/h:${name}`,
      type: "certificate",
      name: `h:${name}`,
      host: "h",
      dependsOn: [],
    },
    properties: {
      certificate: join(directory.path, `${name}.crt`),
      key: join(directory.path, `${name}.key`),
      authority: join(directory.path, "ca.crt"),
      // What the host asks for does not count.
      names: ["bank.example.org"],
      owner,
    },
  });
  const { reports } = await fleet.hosts.call(host, "bundle.apply", {
    bundleId: "1",
    resources: [resource("declared"), resource("made-up")],
    remove: [],
    secrets: {},
  });
  assert.deepEqual(
    reports.map(({ state }) => state),
    ["changed", "failed"],
  );
  assert.match(reports[1]?.error ?? "", /No certificate is declared at e\/certificate\/h:made-up/);
  const issued = new X509Certificate(await readFile(join(directory.path, "declared.crt")));
  const authority = new X509Certificate(await readFile(join(directory.path, "ca.crt")));
  assert.equal(issued.subjectAltName, "DNS:shop.example.org, IP Address:10.0.0.7");
  assert.ok(issued.checkIssued(authority) && issued.verify(authority.publicKey));

  const agentDirectory = join(dataDirectory, "agents", "e-h");
  const { servers } = await readConfig(agentDirectory);
  const pem = await readFile(join(agentDirectory, "identity.pem"), "utf8");
  const ca = await readFile(join(agentDirectory, "ca.pem"), "utf8");
  await reachAny(
    ["https://127.0.0.1:1", ...servers],
    { pem, ca },
    { clock, signal: AbortSignal.timeout(30_000) },
  );
  await assert.rejects(
    reachAny(["https://127.0.0.1:1"], { pem, ca }, { clock, signal: AbortSignal.timeout(500) }),
    /timeout/,
  );
});
