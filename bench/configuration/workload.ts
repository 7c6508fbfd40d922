/**
 * One desired state of a host, for all tools that are compared: what a small application server has. Each step is one
 * resource of Havn, one task of Ansible and one resource of Puppet.
 */
export type Step =
  | { kind: "directory"; path: string; owner: string; group: string; mode: string }
  | { kind: "file"; path: string; content: string; owner: string; group: string; mode: string }
  | { kind: "line"; path: string; regexp: string; line: string }
  | { kind: "user"; name: string; uid: number; comment: string; shell: string }
  | { kind: "package"; name: string }
  /** Its file is a step of its own. */
  | { kind: "unit"; name: string }
  | { kind: "sysctl"; key: string; value: string }
  | { kind: "cron"; name: string; schedule: string; command: string };

export const root = "/srv/bench";
/** Small, without services, in none of the machines' images. */
const packages = ["tree", "bc", "dc", "less", "nano", "cpio", "bzip2", "zip"];
/** Of the network, so that a container may set them; none is as it shall be in a new machine. */
const settings = [
  ["net.ipv4.icmp_echo_ignore_broadcasts", "0"],
  ["net.ipv4.tcp_keepalive_time", "600"],
  ["net.ipv4.tcp_fin_timeout", "31"],
  ["net.ipv4.tcp_syncookies", "2"],
  ...["all", "default"].flatMap((name) =>
    [
      ["log_martians", "1"],
      ["send_redirects", "0"],
      ["secure_redirects", "0"],
      ["accept_redirects", "0"],
      ["shared_media", "0"],
      ["arp_announce", "2"],
    ].map(([key, value]) => [`net.ipv4.conf.${name}.${key}`, value]),
  ),
] as [string, string][];

interface Mix {
  directories: number;
  lines: number;
  users: number;
  packages: number;
  units: number;
  sysctls: number;
  crons: number;
}
const mixes: Record<string, Mix> = {
  "20": { directories: 3, lines: 2, users: 1, packages: 1, units: 1, sysctls: 1, crons: 1 },
  "100": { directories: 12, lines: 12, users: 3, packages: 4, units: 3, sysctls: 4, crons: 4 },
  "300": { directories: 36, lines: 50, users: 8, packages: 6, units: 8, sysctls: 10, crons: 10 },
  "1000": { directories: 120, lines: 180, users: 20, packages: 8, units: 20, sysctls: 16, crons: 30 },
};
export const sizes: readonly number[] = Object.keys(mixes).map(Number);

/** Exactly `count` steps; `edition` is what one file says, so that a one-change run has something to change. */
export function workload(count: number, edition = 1): Step[] {
  const mix = mixes[String(count)];
  if (!mix) throw new RangeError(`no workload of ${count} steps: take one of ${sizes.join(", ")}`);
  const directories = range(mix.directories - 1).map((index) => `${root}/d${pad(index)}`);
  const units = range(mix.units).map((index) => `bench-${pad(index)}`);
  const steps: Step[] = [
    ...[root, ...directories].map(
      (path, index): Step => ({ kind: "directory", path, ...ownerOf(index), mode: "0755" }),
    ),
    ...packages.slice(0, mix.packages).map((name): Step => ({ kind: "package", name })),
    ...range(mix.users).map(
      (index): Step => ({
        kind: "user",
        name: `bench${pad(index)}`,
        uid: 4000 + index,
        comment: `Person ${index}`,
        shell: "/bin/sh",
      }),
    ),
    ...units.map(
      (name): Step => ({
        kind: "file",
        path: `/etc/systemd/system/${name}.service`,
        content: unitText(name),
        owner: "root",
        group: "root",
        mode: "0644",
      }),
    ),
    ...units.map((name): Step => ({ kind: "unit", name: `${name}.service` })),
    ...settings.slice(0, mix.sysctls).map(([key, value]): Step => ({ kind: "sysctl", key, value })),
    ...range(mix.crons).map(
      (index): Step => ({
        kind: "cron",
        name: `bench-${pad(index)}`,
        schedule: `${index % 60} 3 * * *`,
        command: `/bin/true ${index}`,
      }),
    ),
    ...range(mix.lines).map(
      (index): Step => ({
        kind: "line",
        path: `${root}/settings-${pad(index % Math.ceil(mix.lines / 10))}.conf`,
        regexp: `^option_${pad(index)} =`,
        line: `option_${pad(index)} = value ${index}`,
      }),
    ),
  ];
  const files = range(count - steps.length).map(
    (index): Step => ({
      kind: "file",
      path: `${directories[index % directories.length]}/file-${pad(index)}.conf`,
      content: fileText(index, index === 7 ? edition : 1),
      ...ownerOf(index),
      mode: index % 3 === 0 ? "0640" : "0644",
    }),
  );
  return [...steps, ...files];
}

function ownerOf(index: number): { owner: string; group: string } {
  if (index % 3 === 0) return { owner: "root", group: "root" };
  return index % 3 === 1 ? { owner: "www-data", group: "www-data" } : { owner: "daemon", group: "adm" };
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
const pad = (index: number): string => String(index).padStart(3, "0");

const unitText = (name: string): string =>
  `[Unit]\nDescription=${name}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n`;

/** About a kilobyte, as configuration files are. */
const fileText = (index: number, edition: number): string =>
  `# file ${index}, edition ${edition}\n${range(24)
    .map((line) => `setting_${line} = "${(index * 31 + line * 17) % 9973} of ${index}"`)
    .join("\n")}\n`;

/** Shell that takes a host back to before the first run. */
export function resetScript(): string {
  return [
    `rm -rf ${root} /etc/cron.d/bench-*`,
    "systemctl disable --now --quiet $(cd /etc/systemd/system && ls bench-*.service 2>/dev/null) 2>/dev/null || true",
    "rm -f /etc/systemd/system/bench-*.service /etc/sysctl.d/95-havn-* /etc/sysctl.d/bench.conf; systemctl daemon-reload",
    "for user in $(getent passwd | cut -d: -f1 | grep '^bench[0-9]'); do userdel --remove $user 2>/dev/null || true; done",
    // Havn leaves the homes of users that it takes away.
    "rm -rf /home/bench*",
    `sysctl --quiet --load=${settingsBefore}`,
    `dpkg --purge ${packages.join(" ")} >/dev/null 2>&1 || true`,
    "sed -i '/^net\\./d' /etc/sysctl.conf",
  ].join("\n");
}

const settingsBefore = "/var/tmp/bench-settings";

/** Shell that fetches the packages, so that no first run waits for an archive, and keeps what settings were before. */
export const prefetchScript = `sysctl ${settings.map(([key]) => key).join(" ")} > ${settingsBefore} && apt-get -qq update && apt-get -qq --yes --no-install-recommends --download-only install ${packages.join(" ")} >/dev/null`;

/**
 * Shell that prints the state of all that the workload is about: a line a file with digest, mode and owner, then
 * accounts, packages, units, live settings and what cron reads, without the comments that each tool signs with.
 */
export function stateScript(): string {
  return [
    `find ${root} /etc/systemd/system/bench-*.service -printf '%p %y %m %u:%g ' \\( -type f -exec sh -c 'sha256sum < "$1" | cut -c1-64' - {} \\; -o -printf '\\n' \\) | sort`,
    "getent passwd | grep '^bench' | sort; for home in /home/bench*; do [ -e $home ] && stat -c '%n %a %U:%G' $home; done",
    `dpkg-query -W -f '\${Package} \${db:Status-Status} \${Version}\\n' ${packages.join(" ")} 2>/dev/null | grep ' installed ' || true`,
    "for unit in $(cd /etc/systemd/system && ls bench-*.service 2>/dev/null); do echo $unit $(systemctl is-enabled $unit) $(systemctl is-active $unit); done",
    `sysctl ${settings.map(([key]) => key).join(" ")}`,
    "cat /etc/sysctl.d/95-havn-* /etc/sysctl.d/bench.conf /etc/sysctl.conf 2>/dev/null | grep '^net' | sed 's/ *= */=/' | sort",
    "for entry in $(ls /etc/cron.d/bench-* 2>/dev/null); do echo $entry $(stat -c %a $entry); grep -v '^#' $entry; done",
  ].join("\n");
}
