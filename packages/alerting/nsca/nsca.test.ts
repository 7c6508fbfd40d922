import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@havn/model";
import { until } from "@havn/testkit";
import { startNsca } from "./listener.ts";
import { type NscaMethod, nscaMethods } from "./packet.ts";

async function open(method: NscaMethod, password = "a-long-password") {
  const taken: string[] = [];
  const said: string[] = [];
  const server = await startNsca({
    ...{ port: 0, listen: "127.0.0.1", method, password, clock: systemClock },
    async take({ host, service, state, output }) {
      taken.push([host, service ?? "(host)", state, output].join(" | "));
      return service !== "unknown";
    },
    log: (message) => void said.push(message),
  });
  return { server, taken, said };
}

async function send(
  port: number,
  method: NscaMethod,
  lines: string,
  password = "a-long-password",
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "havn-nsca-"));
  try {
    const config = join(folder, "send_nsca.cfg");
    await writeFile(config, `password=${password}\nencryption_method=${nscaMethods[method]}\n`);
    const child = spawn("send_nsca", ["-H", "127.0.0.1", "-p", String(port), "-c", config], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin.end(lines);
    await new Promise<void>((resolve) => child.once("exit", () => resolve()));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const method of Object.keys(nscaMethods) as NscaMethod[])
  test(`Debian's send_nsca sends, encrypted with ${method}`, { timeout: 600_000 }, async () => {
    const { server, taken, said } = await open(method);
    await using _ = server;
    await send(
      server.port,
      method,
      "web-1\tHTTP\t2\tdown|time=1s\n\x17web-1\t1\tPING lost\n\x17web-2\tunknown\t0\twell\n",
    );
    await until(() => taken.length === 3, { what: "three results" }).catch(() => {});
    assert.deepEqual(
      taken,
      [
        "web-1 | HTTP | critical | down|time=1s",
        "web-1 | (host) | critical | PING lost",
        "web-2 | unknown | ok | well",
      ],
      said.join(),
    );
    await until(() => said.length === 1, { what: "a word about the unknown one" });
    assert.match(said[0] ?? "", /no passive check is declared for web-2;unknown/);
  });

test("another password, noise and silence take nothing in", { timeout: 600_000 }, async () => {
  const { server, taken, said } = await open("aes");
  await using _ = server;
  await send(server.port, "aes", "web-1\tHTTP\t2\tdown\n", "another-password");
  await until(() => said.length === 1, { what: "a word about it" });
  assert.match(said[0] ?? "", /cannot be read: is its password or method another/);
  const socket = connect({ host: "127.0.0.1", port: server.port });
  socket.on("error", () => {});
  socket.end(Buffer.alloc(5000, 7));
  await until(() => said.length === 2, { what: "a word about the noise" });
  assert.deepEqual(taken, []);
});
