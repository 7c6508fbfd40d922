import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type CheckResult, type CheckSpec, checkSpec, systemClock } from "@havn/model";
import { temporaryDirectory, until } from "@havn/testkit";
import { createLog } from "../log.ts";
import { createChecks } from "./checks.ts";

async function openRoom(stateDirectory: string) {
  const told: CheckResult[] = [];
  const samples: string[] = [];
  const lines: string[] = [];
  const link = { connected: true, fails: 0 };
  const checks = await createChecks({
    ...{ stateDirectory, clock: systemClock, log: createLog("error", false) },
    telemetry: {
      writeSample: ({ name, labels, value }) => void samples.push(`${name}{${labels.check}} ${value}`),
      endSeries: ({ name, labels }) => void samples.push(`${name}{${labels.check}} ends`),
      writeLine: ({ instance, line, severity }) => void lines.push(`${instance} ${severity}: ${line}`),
    },
    async push(results) {
      if (link.fails-- > 0) throw new Error("the connection fell");
      told.push(...results);
    },
    isConnected: () => link.connected,
  });
  return { checks, told, samples, lines, link };
}

const check = (name: string, probe: object, more: object = {}): CheckSpec =>
  checkSpec.parse({
    ...{
      name,
      address: `shop/check/${name}`,
      interval: "30ms",
      retryInterval: "10ms",
      timeout: "30s",
      probe,
    },
    ...more,
  });

test("results are told, measured and logged; what was not taken is told again", {
  timeout: 600_000,
}, async () => {
  await using directory = await temporaryDirectory();
  const room = await openRoom(directory.path);
  await using checks = room.checks;
  const plugin = ["/bin/sh", "-c", "printf 'ill|left=3MB\\nline one\\nline two\\n'; exit 2"];
  checks.set([check("disk", { kind: "plugin", command: plugin }, { attempts: 3 })]);
  await until(() => room.told.some(({ hardState }) => hardState === "critical"), { what: "the hard state" });
  assert.ok(room.samples.includes("havn_check_state{disk} 2"));
  assert.ok(room.samples.includes(`havn_check_value{disk} ${3 * 1024 ** 2}`));
  assert.deepEqual(room.lines.slice(0, 2), ["check disk error: line one", "check disk error: line two"]);
  // The same again tells nothing new.
  const before = room.told.length;
  const measured = room.samples.length;
  await until(() => room.samples.length > measured + 50, { what: "further runs" });
  assert.equal(room.told.length, before);
  room.told.length = 0;
  room.link.fails = 1;
  checks.connected();
  await systemClock.sleep(200);
  assert.deepEqual(room.told, []);
  checks.connected();
  await until(() => room.told.length === 1, { what: "all that is known" });
  const [now] = await checks.run(["shop/check/disk"]);
  assert.equal(now?.hardState, "critical");
  checks.set([]);
  assert.ok(room.samples.includes("havn_check_state{disk} ends"));
});

test("a restart of the agent is no recovery", { timeout: 600_000 }, async () => {
  await using directory = await temporaryDirectory();
  const server = createServer((_, response) => response.writeHead(500).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const spec = check("web", { kind: "http", url: `http://127.0.0.1:${port}/` }, { attempts: 3 });
  try {
    const first = await openRoom(directory.path);
    first.checks.set([spec]);
    await until(() => first.told.some(({ hardState }) => hardState === "critical"), {
      what: "the hard state",
    });
    await first.checks[Symbol.asyncDispose]();
    const second = await openRoom(directory.path);
    second.checks.set([spec]);
    await until(() => second.told.length > 0, { what: "the next process' word" });
    await second.checks[Symbol.asyncDispose]();
    assert.ok(second.told.every(({ hard, hardState }) => hard && hardState === "critical"));
    assert.equal(second.told[0]?.hardSince, first.told.at(-1)?.hardSince);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
