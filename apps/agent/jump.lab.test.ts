import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lab } from "@havn/testkit";
import { applyHost, eventually, hostResource, openTestFleet, steps } from "./testing.ts";

// As many people have them: an own port, nobody signs in as root, sudo asks for no password, and the only way there and
// back is the bastion.
const prepare = (key: string) => `set -e
command -v sudo > /dev/null
useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin
install -d -o admin -g admin -m 700 /home/admin/.ssh
echo '${key}' > /home/admin/.ssh/authorized_keys
mkdir -p /etc/ssh/sshd_config.d
printf 'Port 2222\\nPermitRootLogin no\\n' > /etc/ssh/sshd_config.d/00-own.conf`;

test("a host behind a jump host, without root's login and without a way back of its own", {
  timeout: 600_000,
}, async (context) => {
  await using machines = await lab({ machines: ["bastion", "inner"] });
  const [bastion, inner] = [machines.machine("bastion"), machines.machine("inner")];
  const must = async (on: typeof inner, command: string) => {
    const { code, stdout, stderr } = await on.ssh(command);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout.trim();
  };
  await must(inner, prepare(machines.publicKey));
  const shown = await must(inner, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
  const fingerprint = shown.split(" ")[1] ?? "";
  await must(
    inner,
    `systemctl restart ssh; systemd-run --quiet --on-active=10 --timer-property=AccuracySec=100ms ip route add blackhole ${machines.bridgeAddress}/32`,
  );
  await eventually(
    "the end of the straight way",
    async () => (await inner.ssh("true")).code === 255,
    180_000,
  );
  await bastion.copy(machines.identityFile, "/root/key");
  const onInner = (command: string) =>
    must(
      bastion,
      `ssh -p 2222 -i /root/key -o StrictHostKeyChecking=no admin@${inner.ip} sudo -n sh <<'END'\n${command}\nEND`,
    );
  assert.equal(await onInner("id -un"), "root");

  const opened = await openTestFleet(context);
  const address = "lab/host/inner";
  const via = {
    ...{ kind: "ssh", address: inner.ip, port: 2222, user: "admin", identityFile: machines.identityFile },
    ...{ jump: `root@${bastion.ip}`, hostKey: fingerprint },
  };
  const resource = hostResource("lab", "inner", via);

  await context.test("another key than the pinned one is refused, and nothing is put there", async () => {
    const hostKey = `SHA256:${"A".repeat(43)}`;
    await assert.rejects(
      applyHost(opened.fleet, hostResource("lab", "inner", { ...via, hostKey })),
      (error: Error) =>
        error.message.includes(`shows the SSH key ${fingerprint}, and ${hostKey} is declared`),
    );
    await onInner("! test -e /var/lib/havn-agent; ! test -e /usr/local/lib/havn-agent");
  });

  await context.test("its agent connects through a way that the control plane opens", async () => {
    await applyHost(opened.fleet, resource);
    const facts = await opened.fleet.hosts.call(address, "facts.read", {});
    assert.deepEqual([facts.root, facts.hostname], [true, "inner"]);
    assert.match(await onInner("cat /var/lib/havn-agent/config.json"), /"https:\/\/127\.0\.0\.1:\d+"/);
  });

  const writeFile = async (content: string) => {
    const file = {
      ...{ address: "lab/file/told", type: "file", name: "told", host: "inner", dependsOn: [address] },
      properties: { path: "/etc/told", content, owner: "root", group: "root", mode: "0644" },
    };
    const bundle = { bundleId: `${content}/inner/0`, resources: [file], remove: [], secrets: {} };
    const { reports } = await opened.fleet.hosts.call(address, "bundle.apply", bundle);
    assert.deepEqual(
      reports.map(({ state, error }) => [state, error]),
      [["changed", undefined]],
    );
    assert.equal(await onInner("cat /etc/told"), content);
  };
  await context.test("resources are applied through it", () => writeFile("first"));

  await context.test("a way that falls is opened anew", async () => {
    let back = false;
    opened.fleet.events.once("connected", () => {
      back = true;
    });
    // All who came through the bastion, this command included.
    await bastion.ssh("pkill -f '^sshd: root'");
    await eventually("its way back", () => back, 120_000);
    await writeFile("after the fall");
  });

  await context.test("a restarted control plane opens it anew", async () => {
    const fleet = await opened.restart();
    await eventually("its way back", () => fleet.hosts.isConnected(address), 120_000);
    await writeFile("after the restart");
  });

  await context.test("a host that leaves is left as it was found", async () => {
    const host = opened.fleet.executors.find(({ types }) => types.includes("host"));
    await host?.remove(steps, resource, { applyId: "test", actor: "test", tell: () => {} });
    assert.equal(opened.fleet.hosts.isConnected(address), false);
    assert.deepEqual(
      await onInner(`ls -d /var/lib/havn-agent /usr/local/lib/havn-agent /etc/systemd/system/havn-agent.service 2> /dev/null
        pgrep -af havn-agent; ss -Htln 'sport != :2222' | grep 127.0.0.1; true`),
      "",
    );
    assert.deepEqual(
      (await readdir(join(opened.dataDirectory, "ssh"))).filter((name) => name.includes(inner.ip)),
      [],
    );
  });
});
