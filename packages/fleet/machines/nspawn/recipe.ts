import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { systemClock } from "@havn/model";
import { findText } from "./files.ts";
import { run } from "./run.ts";

const suite = "bookworm";
/** What every machine has from its first boot. */
const packages = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "openssh-server",
  "iproute2",
  "iputils-ping",
  "ca-certificates",
  "sudo",
  "nftables",
  "curl",
  "procps",
  "libatomic1",
];
/** Large libraries that many servers need: unpacked once here, not once in every machine. Apt may remove them again. */
const libraries = [
  "perl",
  "libllvm14",
  "libicu72",
  "libxml2",
  "libxslt1.1",
  "libz3-4",
  "locales",
  "xz-utils",
  "logrotate",
];
/** Fetched but not installed, so that the commonest services install without a download. */
const fetched = ["haproxy", "postgresql"];
/** Nothing of this is of use inside a machine; each costs boot time or wakes an idle computer. */
const masked = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "console-getty.service",
  "dev-hugepages.mount",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty.target",
  "systemd-firstboot.service",
  "systemd-network-generator.service",
  "systemd-networkd-wait-online.service",
  "systemd-pstore.service",
];

/** Where the machine finds what the computer tells it (hosts, resolv.conf, authorized_keys); bound read-only, live. */
export const shareInMachine = "/etc/havn-machine";

/** All that an image is made from. Two equal recipes make equal images, apart from newer packages. */
export interface Recipe {
  hash: string;
  mirror: string;
  suite: string;
  packages: string[];
  /** Files of the image, written before its packages are configured further. */
  files: { path: string; content: string; mode?: number }[];
  /** sh, run inside the image as its last step. */
  finish: string;
}

let current: { recipe: Promise<Recipe>; readAt: number } | undefined;

/**
 * The recipe for this computer: its own apt mirror, proxy, credentials and certificate authorities. Asking apt can take
 * a second of a core, and machines are made several at a time, so an answer stands for a minute.
 */
export function readRecipe(): Promise<Recipe> {
  if (!current || systemClock.now() - current.readAt > 60_000)
    current = { recipe: composeRecipe(), readAt: systemClock.now() };
  return current.recipe;
}

async function composeRecipe(): Promise<Recipe> {
  const { mirror, sources } = await readSources();
  const recipe = {
    mirror,
    suite,
    packages,
    files: [
      ...(await readCertificates()),
      ...(await readCredentials()),
      { path: "/etc/apt/sources.list", content: sources },
      { path: "/etc/apt/apt.conf.d/90havn", content: await readAptSettings() },
      ...constantFiles,
    ],
    finish: finishScript,
  };
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
  return { hash, ...recipe };
}

/** The computer's own mirrors of this suite where it has them (Debian 12), Debian's otherwise (Ubuntu). */
async function readSources(): Promise<{ mirror: string; sources: string }> {
  const listed = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]).catch(() => "");
  const own = new Map<string, string>();
  for (const line of listed.split("\n")) {
    const [uri, release, component] = line.split(" ");
    if (uri?.startsWith("http") && release && component === "main" && !own.has(release))
      own.set(release, uri);
  }
  const mirror = own.get(suite) ?? "http://deb.debian.org/debian/";
  const security = own.get(`${suite}-security`) ?? "http://deb.debian.org/debian-security/";
  const updates = own.get(`${suite}-updates`) ?? mirror;
  const sources = [
    `deb ${mirror} ${suite} main`,
    `deb ${updates} ${suite}-updates main`,
    `deb ${security} ${suite}-security main`,
  ];
  return { mirror, sources: `${sources.join("\n")}\n` };
}

/** How the computer's apt reaches its mirror: proxies, TLS and freshness rules. */
async function readAptSettings(): Promise<string> {
  const dump = await run("apt-config", ["dump"]).catch(() => "");
  const wanted = /^Acquire::(http|https|Check-|Retries|ForceIPv)/i;
  const lines = dump
    .split("\n")
    .filter((line) => wanted.test(line) && !/Auto-?Detect/i.test(line) && !line.endsWith(' "";'));
  for (const scheme of ["http", "https"]) {
    const proxy = process.env[`${scheme}_proxy`] ?? process.env[`${scheme.toUpperCase()}_PROXY`];
    if (proxy && !lines.some((line) => line.toLowerCase().startsWith(`acquire::${scheme}::proxy `)))
      lines.push(`Acquire::${scheme}::Proxy "${proxy}";`);
  }
  lines.push('Acquire::Languages "none";');
  return `${lines.join("\n")}\n`;
}

async function readCertificates(): Promise<Recipe["files"]> {
  const folder = "/usr/local/share/ca-certificates";
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return Promise.all(
    names
      .filter((name) => name.endsWith(".crt"))
      .sort()
      .map(async (name) => ({
        path: `${folder}/${name}`,
        content: await readFile(`${folder}/${name}`, "utf8"),
      })),
  );
}

async function readCredentials(): Promise<Recipe["files"]> {
  const folder = "/etc/apt/auth.conf.d";
  const names = await readdir(folder).catch(() => []);
  const paths = ["/etc/apt/auth.conf", ...names.sort().map((name) => `${folder}/${name}`)];
  const files = await Promise.all(
    paths.map(async (path) => ({ path, content: await findText(path), mode: 0o600 })),
  );
  return files.flatMap(({ content, ...file }) => (content ? [{ ...file, content }] : []));
}

const constantFiles: Recipe["files"] = [
  {
    path: "/etc/dpkg/dpkg.cfg.d/havn",
    content: [
      "path-exclude=/usr/share/man/*",
      "path-exclude=/usr/share/doc/*",
      "path-include=/usr/share/doc/*/copyright",
      "path-exclude=/usr/share/locale/*",
      "",
    ].join("\n"),
  },
  {
    path: "/etc/ssh/sshd_config.d/havn.conf",
    content: [
      "HostKey /etc/ssh/ssh_host_ed25519_key",
      `AuthorizedKeysFile .ssh/authorized_keys ${shareInMachine}/authorized_keys`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "UseDNS no",
      "",
    ].join("\n"),
  },
  {
    path: "/etc/systemd/journald.conf.d/havn.conf",
    content: "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n",
  },
];

/** Services must not start while packages are configured in an image: invoke-rc.d asks policy-rc.d. */
const finishScript = `set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
update-ca-certificates > /dev/null 2>&1
echo 'I: reading package lists'
apt-get -qq update
echo 'I: installing security updates'
apt-get -qq --yes -o Dpkg::Options::=--force-unsafe-io upgrade > /dev/null
echo 'I: installing common libraries'
apt-get -qq --yes --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install ${libraries.join(" ")} > /dev/null
apt-mark -qq auto ${libraries.join(" ")} > /dev/null
apt-get clean
echo 'I: fetching packages for later'
apt-get -qq --yes --download-only install ${fetched.join(" ")} > /dev/null
rm -f /usr/sbin/policy-rc.d /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /etc/hostname
: > /etc/machine-id
systemctl -q enable systemd-networkd.service
systemctl -q set-default multi-user.target
systemctl -q mask ${masked.join(" ")}
passwd -q -l root
mkdir -p ${shareInMachine}
ln -sf ${shareInMachine}/resolv.conf /etc/resolv.conf
ln -sf ${shareInMachine}/hosts /etc/hosts
`;
