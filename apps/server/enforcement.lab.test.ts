import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Event } from "@havn/model";
import { until } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";
import { ssh } from "./testing/ssh.ts";

// One machine in mode enforce, through the command line; then an apply on it is taken back. Each step stands on the ones
// before.
const configuration = (mode: string, { motd = "Managed.", more = "" } = {}) => `
import { directory, environment, file, host, machine, pkg, systemdUnit } from "havn";
export default environment("lab", {}, () => {
  const web = host("web-1", { machine: machine("web-1"), mode: "${mode}" });
  const on = { host: web };
  file("/etc/motd", { ...on, content: "${motd}\\n" });
  const conf = directory("/etc/shop", { ...on });
  file("/etc/shop/one.conf", { ...on, content: "one\\n", dependsOn: [conf] });
  file("/etc/shop/told.conf", { ...on, content: "told\\n", enforcement: "noop", dependsOn: [conf] });
  file("/etc/shop/left.conf", { ...on, content: "left\\n", enforcement: "off", dependsOn: [conf] });
  pkg("bc", on);
  systemdUnit("shop-worker", { ...on, content: "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n" });
  ${more}
});
`;

let havn: Havn;
let directory: string;
let ip = "";
before(async () => {
  directory = await mkdtemp("/tmp/havn-enforcement-");
  await writeFile(join(directory, "havn.config.ts"), configuration("enforce"));
  havn = await openHavn("enforcement");
});
after(async () => {
  await havn?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const bound = { timeout: 900_000 };
const on = async (command: string) => (await ssh(havn.dataDirectory, ip, command)).trim();
const address = (type: string, name: string) => `lab/${type}/web-1:${name}`;

/** Does something by hand on the machine; gives what the timeline tells of it once it was mended. */
async function mendedAfter(command: string, resource: string): Promise<{ found: Event; mended: Event }> {
  const after = await havn.lastEventId("lab");
  await on(command);
  const found = await havn.event("lab", "drift.found", { after, address: resource });
  const mended = await havn.event("lab", "drift.mended", { after, address: resource });
  assert.ok(found.id < mended.id);
  return { found, mended };
}

async function metric(expression: string): Promise<number | undefined> {
  const { stdout } = await havn.must(["query", expression, "--json"]);
  const value = /"value":\s*\[[^,]*,\s*"([^"]*)"/.exec(stdout)?.[1];
  return value === undefined ? undefined : Number(value);
}

describe("an agent keeps its host as declared", () => {
  test("up, and nothing has drifted", bound, async () => {
    await havn.must(["up", directory, "--yes"]);
    const { hosts } = await havn.status("lab");
    ip = hosts[0]?.ip ?? "";
    assert.notEqual(ip, "");
    await until(async () => (await havn.run("drift")).code === 0, { what: "a look", timeoutMs: 240_000 });
    await until(async () => (await metric("havn_watching_units")) === 1, {
      what: "a word of systemd",
      timeoutMs: 240_000,
    });
  });

  test(
    "files: edited, replaced, given another mode, removed with their directory",
    bound,
    async (context) => {
      const motd = address("file", "/etc/motd");
      const { found, mended } = await mendedAfter("echo by hand >> /etc/motd", motd);
      assert.match(JSON.stringify(found.data.changes), /-by hand/);
      assert.ok(Array.isArray(found.data.evidence));
      context.diagnostic(
        `evidence: ${found.data.evidence.join(" | ")}; mended after ${mended.at - found.at} ms`,
      );
      await mendedAfter("echo other > /etc/.motd.new && mv /etc/.motd.new /etc/motd", motd);
      await mendedAfter("chmod 0600 /etc/motd", motd);
      await mendedAfter("rm -r /etc/shop", address("file", "/etc/shop/one.conf"));
      assert.equal(await on("cat /etc/motd /etc/shop/one.conf; stat -c %a /etc/motd"), "Managed.\none\n644");
      await mendedAfter("echo two > /etc/shop/one.conf", address("file", "/etc/shop/one.conf"));
    },
  );

  test("noop is told and left, off is neither", bound, async () => {
    const told = address("file", "/etc/shop/told.conf");
    await until(async () => (await havn.run("drift")).stdout.includes(told), {
      what: "drift",
      timeoutMs: 240_000,
    });
    const { stdout, code } = await havn.run("drift");
    assert.equal(code, 2);
    assert.ok(!stdout.includes("left.conf"), stdout);
    assert.equal(await on("ls /etc/shop"), "one.conf");
    const events = await havn.events("lab");
    assert.ok(
      !events.some(
        (event) => event.address === address("file", "/etc/shop/left.conf") && event.kind.startsWith("drift"),
      ),
    );
  });

  test("a unit that is stopped, and a package that is removed", bound, async () => {
    const { found } = await mendedAfter(
      "systemctl stop shop-worker",
      address("systemd.unit", "shop-worker.service"),
    );
    assert.match(JSON.stringify(found.data.changes), /(in|de)activ/);
    assert.equal(await on("systemctl is-active shop-worker"), "active");
    const removed = await mendedAfter("apt-get remove -y bc >/dev/null 2>&1", address("package", "bc"));
    assert.match(JSON.stringify(removed.found.data.evidence), /apt.*remove -y bc|dpkg: remove bc/);
    assert.match(await on("dpkg-query -W bc"), /^bc/);
  });

  test("runs are told with what came of each resource, and counted", bound, async () => {
    const runs = await havn.events("lab", "enforcement.finished");
    assert.ok(runs.length >= 6);
    const [first] = (runs[0]?.data.resources ?? []) as {
      address: string;
      state: string;
      durationMs: number;
    }[];
    assert.equal(first?.state, "changed");
    assert.equal(typeof first?.durationMs, "number");
    await until(
      async () => ((await metric('havn_resource_runs_total{source="enforce",result="succeeded"}')) ?? 0) >= 6,
      { what: "the metric", timeoutMs: 240_000 },
    );
    assert.equal(await metric('havn_drifted_resources{mode="noop"}'), 1);
  });

  test("maintenance pauses it until it is stopped", bound, async () => {
    const begun = await havn.must(["maintenance", "start", "web-1", "--for", "1h", "--reason", "new disk"]);
    const id = begun.stdout.trim();
    const listed = await havn.must(["maintenance", "list"]);
    assert.match(listed.stdout, /lab\/web-1 .*new disk/);
    await until(async () => (await metric("havn_enforcement_paused")) === 1, {
      what: "the pause at the agent",
      timeoutMs: 240_000,
    });
    const after = await havn.lastEventId("lab");
    await on("echo by hand >> /etc/motd");
    const motd = address("file", "/etc/motd");
    const found = await havn.event("lab", "drift.found", { after, address: motd });
    assert.match(String(found.data.paused), /new disk/);
    assert.match(await on("cat /etc/motd"), /by hand/);
    await havn.must(["maintenance", "stop", id]);
    await havn.event("lab", "maintenance.ended", { after });
    await havn.event("lab", "drift.mended", { after, address: motd });
    assert.equal(await on("cat /etc/motd"), "Managed.");
  });

  test("mode noop for the host: told and left", bound, async () => {
    await writeFile(join(directory, "havn.config.ts"), configuration("noop"));
    await havn.must(["apply", directory, "--yes"]);
    await until(async () => (await havn.run("drift")).code === 0, { what: "no drift", timeoutMs: 240_000 });
    const after = await havn.lastEventId("lab");
    await on("echo by hand >> /etc/motd");
    await havn.event("lab", "drift.found", { after, address: address("file", "/etc/motd") });
    assert.match(await on("cat /etc/motd"), /by hand/);
  });
});

describe("an apply is taken back", () => {
  const write = (...text: Parameters<typeof configuration>) =>
    writeFile(join(directory, "havn.config.ts"), configuration(...text));
  /** What a person sees of it on the machine. */
  const look = () =>
    on(
      "cat /etc/motd; stat -c '%n %a %U %s' /etc/motd /etc/shop/*; ls /etc/systemd/system; dpkg-query -W | grep -E '^(bc|tree|jq)'; systemctl is-active shop-worker",
    );
  let before = "";

  test("what was edited by hand since is refused, unless it is forced", bound, async () => {
    await write("noop");
    await havn.must(["apply", directory, "--yes"]);
    before = await look();
    const more = `pkg("tree", on); file("/etc/shop/two.conf", { ...on, content: "two\\n", mode: "0600", dependsOn: [conf] });`;
    await write("noop", { motd: "Changed.", more });
    await havn.must(["apply", directory, "--yes"]);
    assert.match(await look(), /^Changed\.[\s\S]*two\.conf 600[\s\S]*tree/);
    await on("echo by hand >> /etc/motd");
    const motd = address("file", "/etc/motd");
    const shown = await havn.run("revert", "latest", "--plan");
    assert.notEqual(shown.code, 0);
    assert.match(
      `${shown.stdout}${shown.stderr}`,
      /-by hand[\s\S]*file\/web-1:\/etc\/motd has been changed since/,
    );
    const refused = await havn.run("revert", "latest", "--yes");
    assert.notEqual(refused.code, 0);
    assert.match(await look(), /^Changed\.\nby hand[\s\S]*two\.conf[\s\S]*tree/);
    await havn.must(["revert", "latest", "--force", motd, "--yes"]);
    assert.equal(await look(), before);
    await write("noop");
    assert.match((await havn.must(["plan", directory])).stdout, /no changes/i);
  });

  test("kill -9 of the agent in the middle: the revert ends, and all is as it was", bound, async () => {
    const unit =
      "[Service]\\nExecStart=/bin/sleep infinity\\nExecStop=/bin/sh -c 'until test -e /run/stop-now; do sleep 0.1; done'\\n[Install]\\nWantedBy=multi-user.target\\n";
    const more = `
      const first = pkg("tree", on);
      const slow = systemdUnit("shop-slow", { ...on, content: "${unit}", dependsOn: first });
      file("/etc/shop/last.conf", { ...on, content: "last\\n", dependsOn: [conf, slow] });`;
    await write("noop", { more });
    await havn.must(["apply", directory, "--yes"]);
    const revert = havn.run("revert", "latest", "--yes");
    await until(async () => (await on("systemctl is-active shop-slow || true")) === "deactivating", {
      what: "the unit to be stopped",
      timeoutMs: 240_000,
    });
    assert.match(await on("ls /etc/shop; dpkg-query -W tree"), /^(?![\s\S]*last)[\s\S]*tree/);
    await on("kill -9 $(systemctl show --value --property=MainPID havn-agent); touch /run/stop-now");
    const { code, stdout, stderr } = await revert;
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.equal(await look(), before);
    assert.equal(await on("systemctl is-active shop-slow || true"), "inactive");
    await write("noop");
    assert.match((await havn.must(["plan", directory])).stdout, /no changes/i);
  });
});
