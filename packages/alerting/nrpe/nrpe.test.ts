import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { nrpeServerSpec } from "@havn/fleet/protocol";
import { probeSchema } from "@havn/model";
import { freePort } from "@havn/testkit";
import fc from "@havn/testkit/property";
import { attemptOf } from "../probes/testing/contract.ts";
import { decodePacket, encodePacket, packetLength } from "./packet.ts";
import { createNrpeServer } from "./server.ts";

test("packets: what is written is read back, in every version", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2 as const, 3 as const, 4 as const),
      fc.constantFrom("query" as const, "response" as const),
      fc.integer({ min: 0, max: 3 }),
      fc.string({ maxLength: 200 }).filter((text) => !text.includes("\0") && text.isWellFormed()),
      (version, type, code, text) => {
        const bytes = encodePacket({ version, type, code, text });
        assert.equal(packetLength(bytes), bytes.length);
        assert.deepEqual(decodePacket(bytes), { version, type, code, text });
        bytes.writeUInt8((bytes.readUInt8(9) + 1) % 256, 9);
        assert.throws(() => decodePacket(bytes), /checksum/);
      },
    ),
  );
});

async function open(tls: "anonymous" | "off", more: object = {}) {
  const said: string[] = [];
  const server = createNrpeServer({ log: (message) => void said.push(message) });
  const port = await freePort();
  await server.set(
    nrpeServerSpec.parse({
      ...{ port, listen: "127.0.0.1", allow: ["127.0.0.0/8"], tls },
      commands: {
        check_dummy: { command: "/usr/lib/nagios/plugins/check_dummy 1 'so it is'" },
        check_long: { command: "/usr/bin/seq 1 2000" },
        check_given: { command: "/usr/lib/nagios/plugins/check_dummy $ARG1$ $ARG2$" },
        check_slow: { command: "/bin/sleep 100", timeout: "200ms" },
        check_none: { command: "/no/such/program" },
      },
      ...more,
    }),
  );
  return { port, said, server };
}

const checkNrpe = (port: number, ...args: string[]) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    execFile(
      "/usr/lib/nagios/plugins/check_nrpe",
      ["-H", "127.0.0.1", "-p", String(port), "-t", "20", ...args],
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, output: (stdout + stderr).trim() }),
    );
  });

for (const tls of ["anonymous", "off"] as const) {
  const plain = tls === "off" ? ["-n"] : [];
  test(`Debian's check_nrpe asks us (encryption: ${tls})`, { timeout: 600_000 }, async () => {
    const { port, server } = await open(tls, { arguments: true });
    await using _ = server;
    assert.match((await checkNrpe(port, ...plain)).output, /^NRPE v/);
    for (const version of [[], ["-3"], ["-2"]]) {
      const answer = await checkNrpe(port, ...plain, ...version, "-c", "check_dummy");
      assert.deepEqual(answer, { code: 1, output: "WARNING: so it is" }, version.join());
      const given = await checkNrpe(port, ...plain, ...version, "-c", "check_given", "-a", "2", "bad");
      assert.deepEqual(given, { code: 2, output: "CRITICAL: bad" });
    }
    const long = await checkNrpe(port, ...plain, "-c", "check_long");
    assert.ok(long.output.endsWith("\n2000"), long.output.slice(-20));
    assert.match((await checkNrpe(port, ...plain, "-c", "check_slow")).output, /timed out after 200ms/);
    assert.deepEqual((await checkNrpe(port, ...plain, "-c", "check_none")).code, 3);
    assert.match(
      (await checkNrpe(port, ...plain, "-c", "check_passwd")).output,
      /Command 'check_passwd' not defined/,
    );
    const nasty = await checkNrpe(port, ...plain, "-c", "check_given", "-a", "1", "$(id);x");
    assert.match(nasty.output, /illegal metachars/);
    const substituted = await checkNrpe(port, ...plain, "-c", "check_given", "-a", "1", "$(id)");
    assert.match(substituted.output, /illegal metachars/);
  });

  test(`we ask our own server (encryption: ${tls})`, { timeout: 600_000 }, async () => {
    const { port, server } = await open(tls);
    await using _ = server;
    const ask = (more: object) =>
      attemptOf(
        probeSchema.parse({ kind: "nrpe", host: "127.0.0.1", port, command: "check_dummy", tls, ...more }),
      );
    for (const version of [2, 3, 4]) {
      const attempt = await ask({ version });
      assert.equal(`${attempt.state} ${attempt.output}`, "warning WARNING: so it is");
    }
    assert.match((await ask({ arguments: ["x"] })).output, /takes no arguments here/);
  });
}

test("who may not ask is turned away before it can say anything", { timeout: 600_000 }, async () => {
  const { port, server, said } = await open("off", { allow: ["192.0.2.1"] });
  await using _ = server;
  assert.notEqual((await checkNrpe(port, "-n", "-c", "check_dummy")).code, 1);
  assert.match(said.join(), /127\.0\.0\.1 was turned away/);
});

test("what is no NRPE is hung up on, and the next one is answered", { timeout: 600_000 }, async () => {
  const { port, server } = await open("off");
  await using _ = server;
  const attempt = await attemptOf(
    probeSchema.parse({ kind: "tcp", host: "127.0.0.1", port, send: "GET / HTTP/1.0\r\n\r\n", expect: "x" }),
  );
  assert.equal(attempt.state, "critical");
  assert.equal((await checkNrpe(port, "-n", "-c", "check_dummy")).code, 1);
});
