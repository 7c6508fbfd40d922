import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import type { ProbeSpec } from "@havn/model";
import { freePort } from "@havn/testkit";
import { masked } from "../../checks/mask.ts";
import { runProbe } from "../index.ts";
import type { Attempt } from "../probe.ts";

const spec = (probe: ProbeSpec) => ({
  ...{ name: "x", address: "shop/check/x", interval: "1m", timeout: "5s", probe, labels: {} },
  ...{ attempts: 1, retryInterval: "1s", flapping: false as const, volatile: false, secrets: [] },
});

/** What an attempt comes to: what a probe throws is critical, in its own words. */
export async function attemptOf(probe: ProbeSpec, timeoutMs = 20_000): Promise<Attempt> {
  try {
    return masked(await runProbe(probe, AbortSignal.timeout(timeoutMs)), spec(probe));
  } catch (cause) {
    return { state: "critical", output: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** What every probe that asks somebody over the network keeps. `at` is one that could be fine but for where it asks. */
export function describeNetworkProbe(
  kind: string,
  at: (where: { host: string; port: number }) => ProbeSpec,
): void {
  test(`${kind}: nobody listens`, async () => {
    const attempt = await attemptOf(at({ host: "127.0.0.1", port: await freePort() }));
    assert.equal(attempt.state, "critical");
    assert.match(attempt.output, /ECONNREFUSED|refused|no server/i);
    assert.ok(!attempt.output.includes("\n"));
  });

  test(`${kind}: somebody listens and says nothing`, { timeout: 60_000 }, async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const attempt = await attemptOf(at({ host: "127.0.0.1", port }), 300);
      assert.equal(attempt.state, "critical");
    } finally {
      server.close();
    }
  });

  test(`${kind}: somebody speaks something else, and hangs up`, { timeout: 60_000 }, async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("\u0000\u0000nonsense\r\n".repeat(20));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const attempt = await attemptOf(at({ host: "127.0.0.1", port }), 3000);
      assert.equal(attempt.state, "critical");
      assert.notEqual(attempt.output, "");
    } finally {
      server.close();
    }
  });
}
