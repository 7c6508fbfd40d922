import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ResourceReading, ResourceReport } from "@havn/fleet/protocol";
import { type Resource, resolveReferences } from "@havn/model";
import { orderNodes, sequenceChanges } from "@havn/plan";
import { type Lab, type LabMachine, lab, type TemporaryDirectory, temporaryDirectory } from "@havn/testkit";
import { build } from "esbuild";
import { environment, file, host, package as pkg, postgres, systemdUnit, thisComputer } from "havn";
import { secretPathsOf } from "./planning/read-hosts.ts";

let directory: TemporaryDirectory;
let machines: Lab;
let machine: LabMachine;

before(async () => {
  directory = await temporaryDirectory("resources");
  const bundle = join(directory.path, "driver.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("testing/host-driver.ts", import.meta.url))],
    ...{
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node26",
      logLevel: "error",
    },
  });
  machines = await lab({ machines: ["db-1"] });
  machine = machines.machine("db-1");
  await machine.copy(process.execPath, "/root/node");
  await machine.copy(bundle, "/root/driver.mjs");
});

after(async () => {
  await machines?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

let password = "correct-horse-battery";

/** The graph's resources on the machine, in order of application, as they reach an agent. */
function resourcesOf(describe: () => void): Resource[] {
  const { graph, diagnostics } = environment("shop", {}, describe);
  assert.deepEqual(diagnostics, []);
  const own = graph.resources.filter((resource) => resource.host === "db-1");
  const { order } = orderNodes(sequenceChanges(own, []));
  return order
    .map((address) => own.find((resource) => resource.address === address))
    .filter((found) => found !== undefined);
}

async function call<T>(
  method: "apply" | "read" | "drift",
  resources: Resource[],
  remove: Resource[] = [],
): Promise<T> {
  const values = { host: () => machines.bridgeAddress, secret: () => password };
  const params = {
    bundleId: randomUUID(),
    secrets: secretPathsOf([...resources, ...remove]),
    resources,
    remove,
  };
  const input = JSON.stringify([method, resolveReferences(params, values)]);
  const { code, stdout, stderr } = await machine.ssh("/root/node /root/driver.mjs", { input });
  assert.equal(code, 0, stderr);
  assert.ok(!stdout.includes(password), "a secret was told");
  return JSON.parse(stdout) as T;
}

const apply = (resources: Resource[], remove: Resource[] = []) =>
  call<ResourceReport[]>("apply", resources, remove);
const states = (reports: ResourceReport[]) =>
  reports.map(({ state, error }) => (error === undefined ? state : `${state}: ${error}`)).join(" ");
const allAre = (reports: ResourceReport[], state: string) =>
  assert.equal(states(reports), Array.from(reports, () => state).join(" "));

async function on(command: string): Promise<string> {
  const { code, stdout, stderr } = await machine.ssh(command);
  assert.equal(code, 0, `${command}: ${stderr}`);
  return stdout.trim();
}

const pidOf = (unit: string) => on(`systemctl show --value --property=MainPID ${unit}`);

const database = () =>
  resourcesOf(() => {
    const here = thisComputer("web-1");
    const db = postgres("shop", { host: host("db-1", { ssh: { address: "10.0.0.1" } }), allow: here });
    pkg("bc", { host: "db-1", dependsOn: db });
  });

test("postgres: from nothing to a database that takes its password; then nothing to do; drift; removal", async (t) => {
  const resources = database();
  const unit = "postgresql@15-main.service";
  await t.test("what is not there yet reads as to be made", async () => {
    const readings = await call<ResourceReading[]>("read", resources);
    assert.deepEqual([...new Set(readings.map(({ action, error }) => error ?? action))], ["create"]);
  });
  await t.test("all is made in one bundle, packages in one transaction", async () => {
    const reports = await apply(resources);
    allAre(reports, "changed");
    assert.equal(
      await on(`PGPASSWORD=${password} psql -h 127.0.0.1 -U shop -d shop -Atc 'select current_user'`),
      "shop",
    );
    assert.equal(
      await on(
        "runuser -u postgres -- psql -Atc \"select pg_encoding_to_char(encoding) from pg_database where datname = 'shop'\"",
      ),
      "UTF8",
    );
    assert.match(
      await on(`cat /etc/postgresql/15/main/havn_hba.conf`),
      new RegExp(`${machines.bridgeAddress}/32 scram`),
    );
  });
  await t.test("applied again, and read, it is as it shall be", async () => {
    const pid = await pidOf(unit);
    allAre(await apply(resources), "unchanged");
    assert.deepEqual(
      (await call<ResourceReading[]>("read", resources)).map(({ action, error }) => error ?? action),
      resources.map(() => "no-op"),
    );
    assert.equal(await pidOf(unit), pid);
  });
  await t.test("the password is in no log and no argument", async () => {
    await on(`! grep -r ${password} /var/log/postgresql /var/lib/havn-test`);
    await on(`! journalctl --no-pager | grep ${password}`);
  });
  await t.test("another password is seen, masked, and set", async () => {
    password = "another-battery-staple";
    const [drift, ...others] = await call<ResourceReading[]>("drift", resources);
    assert.deepEqual(others, []);
    assert.deepEqual(drift?.changes, [{ property: "password", before: "(secret)", after: "(secret)" }]);
    await apply(resources);
    assert.equal(await on(`PGPASSWORD=${password} psql -h 127.0.0.1 -U shop -d shop -Atc 'select 1'`), "1");
  });
  await t.test("a setting that was edited by hand is drift; mending it restarts the server", async () => {
    const pid = await pidOf(unit);
    await on("echo '# edited' >> /etc/postgresql/15/main/conf.d/havn.conf");
    const drift = await call<ResourceReading[]>("drift", resources);
    assert.deepEqual(
      drift.map(({ changes }) => changes.map(({ property }) => property)),
      [["content"]],
    );
    const reports = await apply(resources);
    assert.deepEqual(
      reports.filter(({ state }) => state === "changed").map(({ commands }) => commands.at(-1)),
      [
        ["write", "/etc/postgresql/15/main/conf.d/havn.conf"],
        ["systemctl", "restart", unit],
      ],
    );
    assert.notEqual(await pidOf(unit), pid);
  });
  await t.test("who may connect is reloaded, not restarted", async () => {
    const pid = await pidOf(unit);
    await on("echo '# edited' >> /etc/postgresql/15/main/havn_hba.conf");
    const reports = await apply(resources);
    assert.ok(
      reports.some(({ commands }) => commands.some((command) => command.includes("reload-or-restart"))),
    );
    assert.equal(await pidOf(unit), pid);
  });
  await t.test("removed, nothing of it is left", async () => {
    const reports = await apply([], [...resources].reverse());
    assert.ok(
      reports.every(({ state }) => state === "changed" || state === "unchanged"),
      states(reports),
    );
    assert.equal(await on("dpkg -l postgresql-15 bc 2>/dev/null | grep -c '^ii' || true"), "0");
    await on("! test -e /etc/postgresql/15/main/conf.d/havn.conf");
  });
});

test("units: own unit files, restarts that are due, masking, a unit that does not start", async (t) => {
  const worker = (seconds: string, command = "/bin/sleep infinity") =>
    resourcesOf(() => {
      host("db-1", { ssh: { address: "10.0.0.1" } });
      const settings = file("/etc/worker.conf", { host: "db-1", content: `seconds=${seconds}\n` });
      systemdUnit("worker", {
        host: "db-1",
        content: `[Service]\nExecStart=${command}\n[Install]\nWantedBy=multi-user.target\n`,
        restartOn: settings,
      });
    });
  await t.test("made, enabled, running", async () => {
    allAre(await apply(worker("1")), "changed");
    assert.equal(await on("systemctl is-enabled worker; systemctl is-active worker"), "enabled\nactive");
    allAre(await apply(worker("1")), "unchanged");
  });
  await t.test("a restart that was due when a run was cut short is made up for", async () => {
    const pid = await pidOf("worker");
    const [settings, unit] = worker("2");
    assert.ok(settings && unit);
    allAre(await apply([settings]), "changed");
    const [reading] = await call<ResourceReading[]>("read", [unit]);
    assert.deepEqual(reading?.changes, [{ property: "restart", after: `${settings.address} changed` }]);
    allAre(await apply([unit]), "changed");
    assert.notEqual(await pidOf("worker"), pid);
    allAre(await apply([unit]), "unchanged");
  });
  await t.test("one that does not start fails, with its last lines", async () => {
    const [, report] = await apply(worker("2", "/bin/sh -c 'echo no anchor on board; exit 3'\nType=oneshot"));
    assert.equal(report?.state, "failed");
    assert.match(report?.error ?? "", /no anchor on board/);
    allAre((await apply(worker("2"))).slice(1), "changed");
  });
  await t.test("killed by hand it is drift; started again", async () => {
    await on("systemctl stop worker");
    const drift = await call<ResourceReading[]>("drift", worker("2"));
    assert.deepEqual(
      drift.map(({ changes }) => changes),
      [[{ property: "active", before: "inactive", after: "active" }]],
    );
    await apply(worker("2"));
    assert.equal(await on("systemctl is-active worker"), "active");
  });
  await t.test("removed, nothing of it is left", async () => {
    allAre(await apply([], worker("2").reverse()), "changed");
    await on(
      "! systemctl cat worker && ! test -e /etc/worker.conf && ! test -e /etc/systemd/system/worker.service",
    );
  });
});

test("packages: an unknown name fails alone; one that was there before stays", async () => {
  const resources = resourcesOf(() => {
    host("db-1", { ssh: { address: "10.0.0.1" } });
    pkg("no-such-package-anywhere", { host: "db-1" });
    pkg("tree", { host: "db-1" });
    pkg("bash", { host: "db-1" });
    file("/srv/of-nobody", { host: "db-1", content: "", owner: "nobody-like-this" });
  });
  const reports = await apply(resources);
  assert.deepEqual(
    reports.map(({ state }) => state),
    ["failed", "changed", "unchanged", "failed"],
  );
  assert.match(reports[0]?.error ?? "", /There is no package "no-such-package-anywhere"/);
  assert.match(reports[3]?.error ?? "", /no user "nobody-like-this"/);
  const removed = await apply([], resources.slice(1, 3));
  assert.equal(states(removed), "changed unchanged");
  await on("! command -v tree");
});
