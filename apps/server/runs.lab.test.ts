import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import { until } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";
import { ssh } from "./testing/ssh.ts";

// Commands and copies on three machines, through the command line. Each step stands on the ones before.
const configuration = `
import { environment, host, machine } from "havn";
export default environment("lab", {}, () => {
  for (const name of ["web-1", "web-2", "db-1"])
    host(name, { machine: machine(name), labels: { role: name.slice(0, -2) } });
});
`;
const names = ["db-1", "web-1", "web-2"];

let havn: Havn;
let directory: string;
before(async () => {
  directory = await mkdtemp("/tmp/havn-runs-");
  await writeFile(join(directory, "havn.config.ts"), configuration);
  havn = await openHavn("runs");
});
after(async () => {
  await havn?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const bound = { timeout: 900_000 };
const on = async (name: string, command: string) => {
  const { hosts } = await havn.status("lab");
  const ip = hosts.find((host) => host.name === name)?.ip;
  assert.ok(ip);
  return (await ssh(havn.dataDirectory, ip, command)).trim();
};
const linesOf = (text: string) => text.trimEnd().split("\n").toSorted();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("commands and copies on machines", () => {
  test("three machines", bound, async () => {
    await havn.must(["up", directory, "--yes"]);
  });

  test("what each host writes stands under its name, and one summary at the end", bound, async () => {
    const { stdout, stderr } = await havn.must(["run", "*", "--", "hostname"]);
    assert.deepEqual(linesOf(stdout), ["db-1  | db-1", "web-1 | web-1", "web-2 | web-2"]);
    assert.match(stderr, /on 3 hosts/);
    assert.match(stderr, /run [0-9a-f]{8}\n/);
    const same = await havn.must(["run", "-g", "role=web", "--", "uname", "-s"]);
    assert.match(same.stdout, /^2 hosts: web-\[1-2\] {2}ok\n {2}Linux\n/);
    // A lone host needs neither name nor summary.
    assert.deepEqual(
      await havn.must(["run", "db-1", "--shell", "--", "echo 'a  b' | tr a-z A-Z"]).then((one) => one.stdout),
      "A  B\n",
    );
  });

  test("a host that fails is told with its code; --again --failed runs there only", bound, async () => {
    const script = "test -e /root/mended || { echo broken >&2; exit 3; }";
    await on("db-1", "touch /root/mended");
    const first = await havn.must(["run", "*", "--shell", "--", script], 1);
    assert.match(first.stderr, /^web-1 ! broken$/m);
    assert.match(first.stderr, /2 hosts: web-\[1-2\] {2}exit 3/);
    const id = /run ([0-9a-f]{8})/.exec(first.stderr)?.[1] ?? "";
    await on("web-1", "touch /root/mended");
    const again = await havn.must(["run", "--again", id, "--failed", "--json"], 1);
    const ended = again.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      ended
        .at(-1)
        .run.results.map(({ host, state, code }: Record<string, unknown>) => [host, state, code])
        .toSorted(),
      [
        ["lab/host/web-1", "ok", 0],
        ["lab/host/web-2", "failed", 3],
      ],
    );
    await havn.must(["run", "web-3", "--", "true"], 1);
  });

  test("a machine that dies in the middle is told, and holds up nobody", bound, async () => {
    const script = "touch /root/begun; echo begun; while ! test -e /root/on; do sleep 0.2; done; echo done";
    const run = havn.run("run", "*", "--shell", "--", script);
    for (const name of names) await on(name, "while ! test -e /root/begun; do sleep 0.1; done");
    await createNspawnProvider(havn).kill("lab", "web-2");
    for (const name of ["db-1", "web-1"]) await on(name, "touch /root/on");
    const { code, stdout, stderr } = await run;
    assert.equal(code, 1);
    assert.deepEqual(
      linesOf(stdout).filter((line) => line.endsWith("done")),
      ["db-1  | done", "web-1 | done"],
    );
    assert.match(stderr, /2 hosts: db-1, web-1 {2}ok/);
    assert.match(stderr, /1 host: web-2 {2}lost in the middle: /);
    const id = /run ([0-9a-f]{8})/.exec(stderr)?.[1] ?? "";
    assert.match((await havn.must(["runs", "show", id])).stdout, /lost in the middle/);
    await until(async () => (await havn.run("run", "web-2", "--", "true")).code === 0, {
      ...{ what: "web-2 after its power cut", timeoutMs: 240_000, intervalMs: 500 },
    });
  });

  test("a file and a folder to all, and back", bound, async () => {
    const site = join(directory, "site");
    await mkdir(join(site, "deep"), { recursive: true });
    const bytes = randomFillSync(Buffer.alloc(3_000_001));
    await writeFile(join(site, "deep", "it's $HOME; `id`.bin"), bytes, { mode: 0o640 });
    await writeFile(join(site, "index.html"), "<h1>hi</h1>\n");
    await havn.must(["copy", join(site, "index.html"), "*:/root/one.html", "--mode", "0600"]);
    await havn.must(["copy", site, "*:/srv/site", "--owner", "daemon"]);
    assert.equal(await on("web-1", "stat -c '%a %U' /root/one.html"), "600 root");
    assert.equal(await on("db-1", "stat -c '%a %U' /srv/site/deep/*.bin"), "640 daemon");
    const back = join(directory, "back");
    await havn.must(["copy", "*:/srv/site", back]);
    for (const name of names) {
      const copied = await readFile(join(back, name, "site", "deep", "it's $HOME; `id`.bin"));
      assert.equal(sha256(copied), sha256(bytes));
    }
    const failed = await havn.must(["copy", "*:/no/such", back], 1);
    assert.match(failed.stderr, /3 hosts: db-1, web-\[1-2\] {2}There is no \/no\/such/);
  });

  test("an agent copies 100 MB both ways in much less memory", bound, async (context) => {
    const large = join(directory, "large");
    const file = await open(large, "w");
    const piece = randomFillSync(Buffer.alloc(1 << 20));
    for (let at = 0; at < 100; at++) await file.write(piece);
    await file.close();
    const unit = "/proc/$(systemctl show --property MainPID --value havn-agent)";
    const memory = async (what: string) =>
      Number(await on("db-1", `awk '/^${what}:/ { print $2 }' ${unit}/status`)) / 1024;
    const rest = await memory("VmRSS");
    for (const words of [
      [large, "db-1:/root/large"],
      ["db-1:/root/large", join(directory, "large-back")],
    ]) {
      await on("db-1", `echo 5 > ${unit}/clear_refs`);
      const { seconds } = await havn.must(["copy", ...words]);
      const [peak, later] = [await memory("VmHWM"), await memory("VmRSS")];
      const told = `${rest.toFixed(0)} MB at rest, at most ${peak.toFixed(0)} MB, ${later.toFixed(0)} MB after ${seconds.toFixed(1)} s`;
      context.diagnostic(told);
      assert.ok(peak < rest + 95, told); // less than the file
    }
    await new Promise((resolve) =>
      spawn("cmp", [large, join(directory, "large-back")]).once("close", resolve),
    ).then((code) => assert.equal(code, 0));
  });

  test("destroy", bound, async () => {
    await havn.must(["destroy", "lab", "--yes"]);
  });
});
