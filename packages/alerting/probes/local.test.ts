import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { checkSpec, type ProbeOf, probeSchema } from "@havn/model";
import { masked } from "../checks/mask.ts";
import { compilePattern } from "./pattern.ts";
import { judgePing } from "./ping/index.ts";
import { readPing } from "./ping/output.ts";
import { judgeProcesses } from "./process/index.ts";
import { attemptOf } from "./testing/contract.ts";
import { judgeUnit } from "./unit/index.ts";

// What stands on the host that asks itself.

test("file: age, size, there or not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "havn-file-"));
  try {
    const path = join(folder, "dump");
    await writeFile(path, "x".repeat(100));
    const old = Date.now() / 1000 - 7200;
    await utimes(path, old, old);
    const see = (more: object) => attemptOf(probeSchema.parse({ kind: "file", path, ...more }));
    assert.match((await see({})).output, /dump is 2h0?.* old, 100 bytes$/);
    assert.equal((await see({ warnAge: "1h", criticalAge: "3h" })).state, "warning");
    assert.equal((await see({ criticalAge: "1h" })).state, "critical");
    assert.equal((await see({ smallest: 101 })).state, "critical");
    assert.equal((await see({ largest: 99 })).state, "critical");
    assert.equal((await see({ absent: true })).state, "critical");
    assert.equal((await see({ path: join(folder, "none") })).state, "critical");
    assert.equal((await see({ path: join(folder, "none"), absent: true })).state, "ok");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("process: this very one is found", async () => {
  const own = basename(import.meta.filename).replaceAll(".", "\\.");
  const attempt = await attemptOf(probeSchema.parse({ kind: "process", command: `node.*${own}` }));
  assert.equal(attempt.state, "ok", attempt.output);
  assert.ok((attempt.measures?.find(({ label }) => label === "resident")?.value ?? 0) > 1_000_000);
});

test("process: counted by name, command and user", async () => {
  const running = [
    { name: "nginx", command: "nginx: master", uid: 0, residentBytes: 1 },
    { name: "nginx", command: "nginx: worker", uid: 33, residentBytes: 2 },
    { name: "a-name-that-is-", command: "a-name-that-is-cut -x", uid: 33, residentBytes: 4 },
  ];
  const judge = (more: Partial<ProbeOf<"process">>, uid?: number) =>
    judgeProcesses({ kind: "process", least: 1, ...more }, running, { uid });
  const isMatch = await compilePattern("worker$");
  assert.equal(judge({ name: "nginx", least: 2 }).state, "ok");
  assert.equal(judge({ name: "nginx", least: 3 }).output, "2 of nginx, fewer than 3");
  assert.equal(judge({ name: "nginx", most: 1 }).output, "2 of nginx, more than 1");
  assert.equal(judge({ name: "a-name-that-is-cut" }).output, "1 of a-name-that-is-cut");
  const byCommand = { kind: "process" as const, least: 1, command: "worker$" };
  assert.equal(judgeProcesses(byCommand, running, { isMatch }).output, "1 of worker$");
  assert.equal(judge({ name: "nginx" }, 33).output, "1 of nginx");
  assert.equal(judge({ name: "nginx", least: 0, most: 0 }, 1000).state, "ok");
});

test("patterns are RE2's: no text makes one stand still, and what RE2 does not read is told", async () => {
  const evil = await compilePattern("^(a+)+$");
  assert.equal(evil(`${"a".repeat(50_000)}!`), false);
  assert.equal((await compilePattern("(?i)OK"))("it is ok"), true);
  await assert.rejects(compilePattern("(?=x)"), /cannot be read/);
});

test("what a plugin was given in confidence is told nowhere, wherever it stands in the command", () => {
  const probe = probeSchema.parse({ kind: "plugin", command: "check_x -p hunter22" });
  const spec = checkSpec.parse({
    ...{ name: "x", address: "shop/check/x", interval: "1m", timeout: "5s", probe, secrets: ["hunter22"] },
  });
  const attempt = { state: "critical" as const, output: "hunter22 is wrong", long: "login: hunter22" };
  const { output, long } = masked(attempt, spec);
  assert.deepEqual([output, long], ["*** is wrong", "login: ***"]);
});

test("unit: as systemd tells of it", () => {
  const shown = (values: Record<string, string>) =>
    Object.entries({ LoadState: "loaded", SubState: "running", Result: "success", NRestarts: "0", ...values })
      .map(([name, value]) => `${name}=${value}`)
      .join("\n");
  const judge = (values: Record<string, string>, state = "active") =>
    judgeUnit({ kind: "unit", unit: "nginx.service", state }, shown(values));
  const tell = ({ state, output }: { state: string; output: string }) => `${state}: ${output}`;
  assert.equal(tell(judge({ ActiveState: "active" })), "ok: nginx.service is active (running)");
  assert.equal(
    tell(judge({ ActiveState: "failed", SubState: "failed", Result: "exit-code" })),
    "critical: nginx.service is failed (failed), not active: exit-code",
  );
  assert.equal(judge({ ActiveState: "activating", SubState: "start" }).state, "warning");
  assert.equal(judge({ ActiveState: "inactive", SubState: "dead" }, "inactive").state, "ok");
  assert.equal(
    tell(judge({ LoadState: "not-found", ActiveState: "inactive" })),
    "critical: there is no unit nginx.service",
  );
  const measures = judge({ ActiveState: "active", NRestarts: "3", MemoryCurrent: "1024" }).measures;
  assert.deepEqual(
    measures?.map(({ label, value }) => `${label} ${value}`),
    ["restarts 3", "memory 1024"],
  );
});

test("ping: what it sums up, and from where on it is bad", () => {
  const summary = (loss: string, rtt: string) =>
    `--- 192.0.2.1 ping statistics ---\n3 packets transmitted, 2 received, ${loss}% packet loss, time 403ms\n${rtt}\n`;
  assert.deepEqual(readPing(summary("33.3333", "rtt min/avg/max/mdev = 0.029/0.041/0.050/0.008 ms")), {
    loss: 33.3333,
    rtt: 0.041,
  });
  assert.deepEqual(readPing(summary("100", "")), { loss: 100, rtt: undefined });
  assert.deepEqual(readPing("round-trip min/avg/max = 1.1/2.2/3.3 ms\n0% packet loss"), {
    loss: 0,
    rtt: 2.2,
  });
  assert.equal(readPing("ping: no.such.host: Name or service not known"), undefined);
  const judge = (more: object, found: { loss: number; rtt: number | undefined }) =>
    judgePing({ count: 3, ...more }, found).state;
  assert.equal(judge({}, { loss: 66, rtt: 1 }), "ok");
  assert.equal(judge({}, { loss: 100, rtt: undefined }), "critical");
  assert.equal(judge({ warning: { loss: 20 } }, { loss: 33, rtt: 1 }), "warning");
  assert.equal(
    judge({ warning: { rtt: "10ms" }, critical: { rtt: "100ms" } }, { loss: 0, rtt: 50 }),
    "warning",
  );
  assert.equal(judge({ critical: { rtt: "100ms" } }, { loss: 0, rtt: 150 }), "critical");
});
