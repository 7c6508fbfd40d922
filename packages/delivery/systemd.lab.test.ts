import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type LabMachine, lab, until } from "@havn/testkit";
import { build } from "esbuild";
import { packTestRelease } from "./testing/release.ts";

/** Runs commands one after the other in one life of the agent half. Throws the first error. */
async function agent(machine: LabMachine, ...commands: [string, unknown?][]): Promise<unknown[]> {
  const input = commands.map(([command, given]) => `${JSON.stringify({ command, given })}\n`).join("");
  const { stdout, stderr } = await machine.ssh("/opt/havn-test/node /opt/havn-test/driver.mjs", { input });
  const answers = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { result?: unknown; error?: string });
  assert.equal(answers.length, commands.length, stderr);
  return answers.map(({ result, error }) => {
    if (error) throw new Error(error);
    return result;
  });
}

interface Report {
  id: string;
  health: string;
  pid: number;
  restarts: number;
}

test("systemd keeps an instance and HAProxy going, with and without the agent, and after a boot", {
  timeout: 400_000,
}, async () => {
  await using one = await lab({ machines: ["web-1"] });
  const machine = one.machine("web-1");
  await using release = await packTestRelease();
  await prepare(machine, release.directory, await release.fetch());
  const secret = `a "quoted" $HOME \\ \`word\` % and\na second line`;
  const spec = await release.spec({
    runtime: "systemd",
    port: 8080,
    env: { NAME: "one", HOST: "0.0.0.0", SECRET_WORD: secret },
    command: ["node", "main.js", "50%", "$HOME", 'a "b"'],
  });
  const slot = { slot: "slot1", instance: spec.id, ip: "127.0.0.1", port: 8080, state: "ready", weight: 100 };
  const balancer = {
    name: "web",
    address: "t/balancer/web",
    port: 80,
    healthPath: "/healthz",
    slots: [slot],
  };

  const [, first, , , slots, units] = (await agent(
    machine,
    ["start", spec],
    ["waitHealthy", { id: spec.id, timeoutMs: 120_000 }],
    ["apply", balancer],
    ["waitUp", { balancer: "web", slot: "slot1", timeoutMs: 120_000 }],
    ["slots"],
    ["units"],
  )) as [unknown, Report, unknown, unknown, { slots: { state: string }[] }[], { unit: string }[]];
  assert.equal(first.health, "healthy");
  assert.equal(slots[0]?.slots[0]?.state, "UP");
  assert.deepEqual(
    units.map(({ unit }) => unit),
    [`havn-${spec.id}.service`, "havn-balancer-web.service"],
  );
  const ask = async () => (await machine.ssh("curl -sf http://127.0.0.1/")).stdout;
  assert.equal(JSON.parse(await ask()).pid, first.pid);

  // Its user is its own, its environment is nobody else's, its arguments and secrets arrive as they were written.
  const uid = (await machine.ssh(`stat -c %u /proc/${first.pid}`)).stdout.trim();
  assert.ok(Number(uid) > 60_000, uid);
  const modes = await machine.ssh("stat -c %a /var/lib/havn-test/state/instances/*.env");
  assert.equal(modes.stdout.trim(), "600");
  const environ = (await machine.ssh(`cat /proc/${first.pid}/environ`)).stdout.split("\0");
  assert.ok(environ.includes(`SECRET_WORD=${secret}`));
  const args = (await machine.ssh(`cat /proc/${first.pid}/cmdline`)).stdout.split("\0");
  assert.deepEqual(args.slice(1, 5), ["main.js", "50%", "$HOME", 'a "b"']);

  // Killed while the agent looks: told with its signal, and started again.
  const killed = agent(
    machine,
    ["resume"],
    ["waitHealthy", { id: spec.id, timeoutMs: 120_000 }],
    ["sign", "looks"],
    ["untilRestarted"],
    ["events"],
    ["list"],
  );
  await until(async () => (await machine.ssh("ls /var/lib/havn-test")).stdout.includes("looks"), {
    what: "the agent looks",
  });
  await machine.ssh(`kill -9 ${first.pid}`);
  const answers = await killed;
  const events = answers.at(-2) as { kind: string; data: { signal?: string } }[];
  const exited = events.find(({ kind }) => kind === "instance.exited");
  assert.equal(exited?.data.signal, "SIGKILL", JSON.stringify(events));
  const [after] = answers.at(-1) as Report[];
  assert.notEqual(after?.pid, first.pid);
  assert.equal(after?.restarts, 1);

  // Without an agent, and after a power cut: systemd alone.
  await machine.ssh(`kill -9 ${after?.pid}; kill -9 $(systemctl show -p MainPID --value havn-balancer-web)`);
  await until(async () => (await ask()) !== "", { what: "both run again" });
  await machine.kill();
  await machine.start();
  await until(async () => (await ask()) !== "", { what: "both run after a boot" });

  // A new agent takes them over, and leaves nothing when they are stopped.
  const [, adopted] = (await agent(
    machine,
    ["resume"],
    ["waitHealthy", { id: spec.id, timeoutMs: 120_000 }],
    ["apply", balancer],
    ["waitUp", { balancer: "web", slot: "slot1", timeoutMs: 120_000 }],
    ["drain", { balancer: "web", slot: "slot1", timeoutMs: 5000 }],
    ["stop", { id: spec.id }],
    ["remove", { name: "web" }],
  )) as [unknown, Report];
  assert.equal(adopted.health, "healthy");
  const left = await machine.ssh(
    "ls /etc/systemd/system | grep havn-; systemctl list-units --all --plain --no-legend 'havn-*'; ls -A /var/lib/havn-test/state/instances /var/lib/havn-test/state/balancers",
  );
  assert.doesNotMatch(left.stdout, /havn-web|havn-balancer|\.env|\.json/);

  // What systemd cannot start is said with its last lines.
  await assert.rejects(
    agent(
      machine,
      ["start", { ...spec, command: ["node", "nothing.js"] }],
      ["waitHealthy", { id: spec.id, timeoutMs: 120_000 }],
    ),
    /ended \d times|Cannot find module/,
  );
  await agent(machine, ["resume"], ["stop", { id: spec.id }]);
});

async function prepare(machine: LabMachine, directory: string, packed: string): Promise<void> {
  const driver = join(directory, "driver.mjs");
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL("./testing/lab-driver.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  await writeFile(driver, bundled.outputFiles[0]?.contents ?? "");
  await machine.ssh(
    "mkdir -p /opt/havn-test /var/lib/havn-test && chmod 755 /opt/havn-test /var/lib/havn-test",
  );
  await machine.copy(process.execPath, "/opt/havn-test/node");
  await machine.copy(driver, "/opt/havn-test/driver.mjs");
  await machine.copy(packed, "/var/lib/havn-test/release.tar.gz");
  const installed = await machine.ssh(
    "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends haproxy curl 2>&1 || (apt-get update -q && apt-get install -y -q --no-install-recommends haproxy curl)",
  );
  assert.equal(installed.code, 0, installed.stdout + installed.stderr);
}
