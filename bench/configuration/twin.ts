import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openHavn } from "../../apps/server/testing/havn.ts";
import { sshOptions, timed } from "./lab.ts";
import { ansibleSettings } from "./tools.ts";

const stateScript = String.raw`
find /etc /srv /home /root/.ssh -xdev \( -type f -o -type d -o -type l \) -printf '%p %y %m %u:%g %l\n' 2>/dev/null | sort | while read -r path kind rest; do
  digest=
  case "$path" in
    /etc/nginx/tls/*) ;;
    *) [ "$kind" = f ] && digest=$(grep -v -e '^# Written by Havn' "$path" | sed 's/ *= */=/' | sha256sum | cut -c1-32) ;;
  esac
  echo "$path $kind $rest $digest"
done
dpkg-query -W -f '\${Package} \${Version} \${db:Status-Status}\n' | grep ' installed$' | sed 's/^/package /'
getent group | cut -d: -f1,4 | sort | sed 's/^/group /'
systemctl list-unit-files --no-legend | awk '{print "unit-file", $1, $2}'
systemctl list-units --type=service,socket,timer --state=active --no-legend --plain | awk '{print "active", $1}' | grep -v -e session -e user@ -e user-runtime
sysctl net.ipv4.conf.all net.ipv4.conf.default net.ipv4.tcp_syncookies net.ipv4.icmp_echo_ignore_broadcasts 2>/dev/null
nft -s list table inet hardened
`;

/**
 * One role written for both: examples/webserver through Havn, bench/configuration/ansible/webserver.yml through Ansible
 * with pipelining, on twin machines. Each runs twice; then everything below /etc, /srv, /home and /root/.ssh is compared,
 * with packages, groups and units. Needs root and Debian's packages ansible and time.
 *
 *   scripts/node.sh bench/configuration/twin.ts [--once]      (--once: Ansible runs once only)
 *
 * Not compared are: what each machine has of its own (keys, machine-id, names), certificates (each has its own), and where
 * each tool keeps the firewall, whose live rules are compared instead. Comments that a tool signs with do not count.
 */
const { values } = parseArgs({ options: { once: { type: "boolean" } } });
const folder = await mkdtemp("/tmp/havn-twin-");
try {
  await using havn = await openHavn("twin");
  const example = fileURLToPath(new URL("../../examples/webserver", import.meta.url));
  const twin = join(folder, "twin");
  await mkdir(twin);
  const config = `import { environment, machine } from "havn";\nexport default environment("twin", {}, () => { machine("web-1", { memory: "512M" }); });\n`;
  await writeFile(join(twin, "havn.config.ts"), config);
  await havn.must(["up", twin, "--yes"]);
  const address = async (environment: string) => {
    const path = join(havn.dataDirectory, "machines", `${environment}.web-1`, "machine.json");
    return (JSON.parse(await readFile(path, "utf8")) as { ip: string }).ip;
  };
  const key = join(havn.dataDirectory, "ssh/id_ed25519");
  const ssh = async (ip: string, script: string) =>
    (await timed(["ssh", ...sshOptions(key), `root@${ip}`, script], { timeoutMs: 300_000 })).stdout;

  tell("Havn, with machine and agent", (await havn.must(["up", example, "--yes"])).seconds);
  const again = await havn.must(["apply", example, "--yes"]);
  tell(
    "Havn, again",
    again.seconds,
    /No changes.*/.exec(again.stdout + again.stderr)?.[0] ?? "it had changes",
  );

  const peer = await address("twin");
  await ssh(
    peer,
    "apt-get -qq update && apt-get -qq --yes --no-install-recommends install python3 python3-apt >/dev/null",
  );
  await writeFile(join(folder, "ansible.cfg"), ansibleSettings("pipelining", key));
  const playbook = fileURLToPath(new URL("./ansible/webserver.yml", import.meta.url));
  for (const run of ["Ansible with pipelining", "Ansible, again"].slice(0, values.once ? 1 : 2)) {
    const command = ["ansible-playbook", "-i", `${peer},`, "-e", `files=${example}/files`, playbook];
    const ended = await timed(command, {
      env: { ANSIBLE_CONFIG: join(folder, "ansible.cfg") },
      timeoutMs: 900_000,
    });
    tell(run, ended.seconds, /ok=.*failed=\d+/.exec(ended.stdout)?.[0] ?? ended.stdout.slice(-500));
    if (ended.code !== 0) throw new Error((ended.stdout + ended.stderr).slice(-2000));
  }

  const own = await address("webserver");
  const states = await Promise.all([own, peer].map((ip) => ssh(ip, stateScript)));
  const [ours, theirs] = states.map((state) => new Set(state.split("\n").filter(isCompared)));
  const differing = [
    ...[...(ours ?? [])].filter((line) => !theirs?.has(line)).map((line) => `  Havn:    ${line}`),
    ...[...(theirs ?? [])].filter((line) => !ours?.has(line)).map((line) => `  Ansible: ${line}`),
  ];
  console.log(
    `${ours?.size} lines of state (files, packages, units, settings, rules), ${differing.length} differ`,
  );
  for (const line of differing.sort()) console.log(line);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function tell(what: string, seconds: number, note = ""): void {
  console.log(
    `${hostname()}  ${what.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s  (load ${loadavg()[0]?.toFixed(1)})  ${note}`,
  );
}

function isCompared(line: string): boolean {
  const [path = ""] = line.split(" ");
  return (
    line !== "" &&
    ![
      // A machine's own.
      ...[
        /ssh_host_/,
        /machine-id/,
        /\/etc\/(hostname|hosts|resolv\.conf|subuid-?|subgid-?)$/,
        /\/etc\/systemd\/network/,
      ],
      // What a change leaves behind.
      ...[
        /\/etc\/(passwd|shadow|group|gshadow)-$/,
        /\/etc\/(shadow|group|gshadow)$/,
        /\.pwd\.lock/,
        /ld\.so\.cache/,
        /ca-certificates/,
      ],
      // Python is Ansible's own need; the agent is Havn's.
      ...[
        /python/i,
        /havn-agent/,
        /^(lib|libpython|media-types|mailcap|mime-support|readline-common|dialog)\S* /,
        /\/etc\/(mime\.types|inputrc|magic)/,
      ],
      // Where each keeps the firewall.
      ...[/nftables/, /havn-nft/],
    ].some((pattern) => pattern.test(path))
  );
}
