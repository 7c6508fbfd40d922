import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Lab, lab, until } from "@havn/testkit";
import { createNspawnProvider, type NspawnProvider } from "./index.ts";
import { bridgeOf, findNetwork } from "./network.ts";
import { findProcess } from "./processes.ts";
import { findRecord, folderOf } from "./records.ts";
import { run } from "./run.ts";

let machines: Lab;
let provider: NspawnProvider;

before(async () => {
  machines = await lab({ machines: ["a", "b"], limits: { memory: "512M", cpus: 1.5 } });
  provider = machines.provider;
});
after(() => machines?.[Symbol.asyncDispose]());

async function ssh(name: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await machines.machine(name).ssh(command);
  assert.equal(code, 0, `${command}: ${stderr}`);
  return stdout.trim();
}

test("a machine is a whole Debian with systemd, under its own name and identity", async () => {
  assert.match(await ssh("a", ". /etc/os-release; echo $ID $VERSION_ID"), /^debian 12/);
  const state = "systemctl is-system-running --wait || systemctl --failed --no-legend";
  assert.equal(await ssh("a", state), "running");
  assert.equal(await ssh("a", "hostname; cat /etc/hostname"), "a\na");
  assert.notEqual(await ssh("a", "cat /etc/machine-id"), await ssh("b", "cat /etc/machine-id"));
  assert.match(await ssh("a", "journalctl --boot --lines 1 --output cat --unit ssh; echo ok"), /ok$/);
  assert.equal(
    await ssh("a", "nft list tables && ip link add probe0 type bridge && ip link del probe0 && echo ok"),
    "ok",
  );
});

test("no password opens it, and its host key is the one that was pinned", async () => {
  const settings = await ssh(
    "a",
    "sshd -T | grep -E '^(passwordauthentication|kbdinteractiveauthentication) '",
  );
  assert.equal(settings, "passwordauthentication no\nkbdinteractiveauthentication no");
  assert.equal((await ssh("a", "passwd --status root")).split(" ")[1], "L");
  const access = await provider.access(machines.environment, "a");
  assert.ok(access);
  assert.equal(await ssh("a", "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub"), access.hostKey);
});

test("packages install inside it", async () => {
  await ssh("a", "apt-get install --yes --quiet tree < /dev/null");
  assert.match(await ssh("a", "tree --version"), /tree v/);
});

test("machines reach each other by name, and this computer by the bridge's address", async () => {
  await ssh("a", "ping -c 1 -W 5 b");
  assert.match(await ssh("b", "timeout 5 bash -c 'exec 3<>/dev/tcp/a/22; head -c 4 <&3'"), /^SSH-/);
  await ssh("b", `ping -c 1 -W 5 ${machines.bridgeAddress}`);
});

test("limits hold, and can be changed while it runs", async () => {
  const burn = "dd if=/dev/zero of=/dev/null bs=900M count=1";
  const result = await machines.machine("a").ssh(burn);
  assert.notEqual(result.code, 0, "a machine of 512 MB gave 900 MB to one process");
  await provider.ensure(
    {
      environment: machines.environment,
      name: "a",
      spec: { provider: "nspawn", image: "debian-12", memory: "2G" },
      publicKey: machines.publicKey,
    },
    () => {},
  );
  await ssh("a", burn);
});

test("ensure of a running machine changes nothing, also four at a time", async () => {
  const boot = await ssh(
    "b",
    "cat /proc/sys/kernel/random/boot_id; systemctl show --property UserspaceTimestamp",
  );
  await Promise.all(Array.from({ length: 4 }, () => machines.machine("b").start()));
  assert.equal(
    await ssh("b", "cat /proc/sys/kernel/random/boot_id; systemctl show --property UserspaceTimestamp"),
    boot,
  );
});

test("stop shuts it down cleanly; start finds its disk, address and key again", async () => {
  const a = machines.machine("a");
  await ssh(
    "a",
    `printf '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=true\\nExecStop=touch /root/clean\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/witness.service
     systemctl enable --now --quiet witness; echo kept > /root/data`,
  );
  await a.stop();
  assert.equal(await provider.status(machines.environment, "a"), "stopped");
  await a.start();
  assert.equal(await provider.status(machines.environment, "a"), "running");
  assert.equal(await ssh("a", "cat /root/data; test -e /root/clean && echo clean"), "kept\nclean");
});

test("a killed machine starts again with its disk", async () => {
  await ssh("b", "echo kept > /root/data; sync");
  await machines.machine("b").kill();
  assert.equal(await provider.status(machines.environment, "b"), "stopped");
  assert.deepEqual(
    (await provider.list()).map(({ name, state }) => [name, state]),
    [
      ["a", "running"],
      ["b", "stopped"],
    ],
  );
  await machines.machine("b").start();
  assert.equal(await ssh("b", "cat /root/data"), "kept");
});

test("another process finds the machines, and a network that was taken away comes back", async () => {
  const place = { folder: join(machines.dataDirectory, "machines"), stateDirectory: "/var/lib/havn" };
  const network = await findNetwork(place);
  assert.ok(network);
  await run("ip", ["link", "delete", bridgeOf(network)]);
  await run("nft", ["delete", "table", "ip", `havn_${network.id}`]);
  const other = createNspawnProvider({ dataDirectory: machines.dataDirectory });
  assert.equal(await other.status(machines.environment, "a"), "running");
  await other.restoreNetwork();
  await until(async () => (await machines.machine("a").ssh("ping -c 1 -W 5 b")).code === 0, {
    what: "the network",
  });
  assert.match(await run("nft", ["list", "table", "ip", `havn_${network.id}`]), /masquerade/);
});

test("a reboot from inside keeps it running", async () => {
  const since = () => ssh("b", "cut -d ' ' -f 22 /proc/1/stat");
  const before = await since();
  await machines.machine("b").ssh("systemctl reboot");
  await until(async () => (await since()) !== before, {
    what: "the machine to come back",
    timeoutMs: 60_000,
  });
  assert.equal(await provider.status(machines.environment, "b"), "running");
});

/** Everything on this computer that names one of `words`: in names and content of what the kernel and we keep. */
async function traces(words: string[]): Promise<string[]> {
  const found: string[] = [];
  const look = (where: string, text: string) => {
    for (const line of text.split("\n"))
      if (words.some((word) => line.includes(word))) found.push(`${where}: ${line.slice(0, 200)}`);
  };
  look("link", await run("ip", ["-oneline", "link"]));
  look("packet rules", await run("nft", ["list", "ruleset"]));
  look("file", await run("find", ["/var/lib/havn", "/run", "/tmp", "-maxdepth", "4"]).catch(() => ""));
  look("control group", await run("find", ["/sys/fs/cgroup", "-type", "d"]));
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    // A dead process has a row in the table until its parent has looked.
    if (pid === String(process.pid) || !(await findProcess(Number(pid)))) continue;
    for (const file of ["cmdline", "mountinfo", "cgroup"])
      look(`process ${pid} ${file}`, await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => ""));
  }
  return found;
}

test("destroy leaves nothing: no process, mount, link, packet rule, control group or file", async () => {
  const own = folderOf(join(machines.dataDirectory, "machines"), machines.environment, "a");
  const records = await Promise.all([own, own.replace(/a$/, "b")].map(findRecord));
  const network = await findNetwork({ folder: join(machines.dataDirectory, "machines"), stateDirectory: "" });
  const words = [
    ...records.map((record) => record?.id),
    network?.id,
    join(machines.dataDirectory, "machines"),
  ];
  const sought = words.filter((word) => word !== undefined);
  assert.equal(sought.length, 4);
  const kinds = new Set((await traces(sought)).map((line) => line.replace(/:.*/s, "").replace(/\d+ /, "")));
  for (const kind of [
    "link",
    "packet rules",
    "file",
    "control group",
    "process cmdline",
    "process mountinfo",
  ])
    assert.ok(kinds.has(kind), `while it runs, no ${kind} was found: the search is wrong (${[...kinds]})`);

  await provider.destroy(machines.environment, "a");
  await provider.destroy(machines.environment, "a");
  assert.equal(await provider.status(machines.environment, "a"), "none");
  await ssh("b", `ping -c 1 -W 5 ${machines.bridgeAddress}`);
  // What a provider that was killed half-way leaves: a record whose machine never ran, a folder half removed.
  const half = join(machines.dataDirectory, "machines", ".gone-000000000000");
  await run("mkdir", ["-p", half]);
  await writeFile(join(half, "file"), "");
  await provider.destroyAll();

  assert.deepEqual(await traces(sought), []);
  await assert.rejects(stat(join(machines.dataDirectory, "machines")), { code: "ENOENT" });
  assert.deepEqual(await provider.list(), []);
});
