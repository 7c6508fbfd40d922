import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hostFactSchemas, type Resource, systemClock } from "@havn/model";
import { temporaryDirectory } from "@havn/testkit";
import { all, defineFact, environment, fact, file, host, not, template, text } from "havn";
import { defaultRoute, parseDpkgStatus } from "./host/facts/gather.ts";
import { createResourceHost } from "./host.ts";

async function openHost() {
  const directory = await temporaryDirectory("facts");
  const opened = await createResourceHost({
    stateDirectory: join(directory.path, "state"),
    clock: systemClock,
  });
  return {
    host: opened,
    at: (name: string) => join(directory.path, name),
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  };
}

function resourcesOf(describe: (h: ReturnType<typeof host>) => void): Resource[] {
  const { graph, diagnostics } = environment("e", {}, () => describe(host("h", { ssh: { address: "::1" } })));
  assert.deepEqual(diagnostics, []);
  // As it travels.
  return JSON.parse(JSON.stringify(graph.resources.filter((one) => one.host === "h")));
}

test("every fact is as its schema says", async () => {
  await using lab = await openHost();
  for (const { name, value, error } of await lab.host.facts(Object.keys(hostFactSchemas))) {
    assert.equal(error, undefined);
    hostFactSchemas[name as keyof typeof hostFactSchemas].parse(value);
  }
  const [nothing] = await lab.host.facts(["nothing"]);
  assert.match(nothing?.error ?? "", /no fact "nothing".*os, cpu/);
});

test("a resource whose condition does not hold is left as it is; what depends on it goes on", async () => {
  await using lab = await openHost();
  const resources = resourcesOf((h) => {
    const never = all(fact.os.id.equals("beos"), fact.cpu.count.atLeast(1));
    const skipped = file(lab.at("skipped"), { host: h, content: "a", when: never });
    file(lab.at("after"), { host: h, content: "b", when: not(never), dependsOn: skipped });
  });
  const os = /^ID="?([^"\n]*)"?$/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  const why = `os.id is ${os}, wanted beos`;
  assert.deepEqual(
    (await lab.host.read(resources, {})).map(({ action, skipped }) => [action, skipped]),
    [
      ["no-op", why],
      ["create", undefined],
    ],
  );
  const apply = (bundleId: string, present: Resource[], remove: Resource[]) =>
    lab.host.apply({ bundleId, resources: present, remove, secrets: {} });
  const reports = await apply("1", resources, []);
  assert.deepEqual(
    reports.map(({ state, skipped }) => [state, skipped]),
    [
      ["unchanged", why],
      ["changed", undefined],
    ],
  );
  // It was never Havn's: no longer declared, it stays.
  await writeFile(lab.at("skipped"), "somebody's");
  await apply("2", [], [...resources].reverse());
  assert.equal(await readFile(lab.at("skipped"), "utf8"), "somebody's");
  await assert.rejects(readFile(lab.at("after")), { code: "ENOENT" });
});

test("facts in texts, in templates and of one's own", async () => {
  await using lab = await openHost();
  await writeFile(lab.at("mdstat"), "md0 : active raid5\n  [UU_]\n");
  const raid = defineFact("raid", {
    command: ["cat", lab.at("mdstat")],
    parse: (output) => ({ level: /raid\d/.exec(output)?.[0] ?? "", degraded: output.includes("_") }),
  });
  const number = defineFact("number", { script: "echo 4", parse: "number" });
  const resources = resourcesOf((h) => {
    file(lab.at("text"), { host: h, content: text`${fact.network.hostname}: ${raid.level}, ${number}\n` });
    file(lab.at("template"), { host: h, content: template("level {{ level }}\n", { level: raid.level }) });
    file(lab.at("other"), { host: h, content: "x", when: raid.degraded.equals(false) });
  });
  const readings = await lab.host.read(resources, {});
  assert.equal(readings[2]?.skipped, "raid.degraded is true, wanted false");
  await lab.host.apply({ bundleId: "1", resources, remove: [], secrets: {} });
  assert.equal(await readFile(lab.at("text"), "utf8"), `${hostname()}: raid5, 4\n`);
  assert.equal(await readFile(lab.at("template"), "utf8"), "level raid5\n");
  assert.deepEqual(await lab.host.drift({ resources, secrets: {} }), []);
});

test("a fact that cannot be found out fails what uses it, and nothing else", async () => {
  await using lab = await openHost();
  const outside = "outside";
  const broken = defineFact("broken", { script: "echo hm >&2; exit 3" });
  const closed = defineFact("closed", { script: "true", parse: () => outside });
  const resources = resourcesOf((h) => {
    file(lab.at("a"), { host: h, content: text`${broken}` });
    file(lab.at("b"), { host: h, content: "b", when: closed.equals("x") });
    file(lab.at("c"), { host: h, content: text`${fact.packages["no-such-package"] ?? ""}` });
    file(lab.at("d"), { host: h, content: "d" });
  });
  const readings = await lab.host.read(resources, {});
  const errors = readings.map(({ error }) => error ?? "");
  assert.match(errors[0] ?? "", /Fact "broken" cannot be found out. Its command ended with 3: hm/);
  assert.match(errors[1] ?? "", /outside is not defined. It may use nothing from outside itself/);
  assert.match(errors[2] ?? "", /packages.no-such-package is not there/);
  assert.equal(errors[3], "");
});

test("a condition that is none is told where it stands", () => {
  const { diagnostics } = environment("e", {}, () => {
    const h = host("h", { ssh: { address: "::1" } });
    file("/etc/motd", { host: h, content: "", when: true as never });
  });
  assert.equal(diagnostics[0]?.summary, '"when" of file "h:/etc/motd" is no condition');
  assert.throws(() => defineFact("os", { script: "true" }), /cannot be the name of a fact/);
});

test("the default route and dpkg's record are read as they are written", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
    "eth0\t00000000\tFE01A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
  ].join("\n");
  assert.deepEqual(defaultRoute(table), { interface: "eth0", gateway: "192.168.1.254" });
  const status = [
    "Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\nDescription: x\n Version: 9",
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1.0",
  ].join("\n\n");
  assert.deepEqual(parseDpkgStatus(status), { curl: "7.88.1-10" });
});
