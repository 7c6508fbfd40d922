import { readFileSync } from "node:fs";
import {
  authorizedKey,
  directory,
  file,
  group,
  type HostHandle,
  line,
  nftablesTable,
  pkg,
  sudoRule,
  sysctl,
  systemdUnit,
  user,
} from "havn";

const read = (name: string): string => readFileSync(new URL(`files/${name}`, import.meta.url), "utf8");

export interface HardeningOptions {
  /** TCP ports that anybody may reach. */
  ports: readonly number[];
  /** Who may sign in and become root, each with public keys. */
  admins: Record<string, readonly string[]>;
}

/** What every host of ours has, whatever runs on it. A module is a function: call it for each host. */
export function hardened(host: HostHandle, options: HardeningOptions): void {
  kernel(host);
  people(host, options.admins);
  ssh(host);
  updates(host);
  housekeeping(host);
  firewall(host, options.ports);
}

/** Redirects, source routes and forged addresses are refused; what is odd is logged. */
function kernel(host: HostHandle): void {
  for (const scope of ["all", "default"]) {
    sysctl(`net.ipv4.conf.${scope}.accept_redirects`, { host, value: 0 });
    sysctl(`net.ipv4.conf.${scope}.secure_redirects`, { host, value: 0 });
    sysctl(`net.ipv4.conf.${scope}.send_redirects`, { host, value: 0 });
    sysctl(`net.ipv4.conf.${scope}.accept_source_route`, { host, value: 0 });
    sysctl(`net.ipv4.conf.${scope}.log_martians`, { host, value: 1 });
    sysctl(`net.ipv4.conf.${scope}.rp_filter`, { host, value: 1 });
  }
  sysctl("net.ipv4.tcp_syncookies", { host, value: 1 });
  sysctl("net.ipv4.icmp_echo_ignore_broadcasts", { host, value: 1 });
  directory("/etc/modprobe.d", { host });
  file("/etc/modprobe.d/50-unused-protocols.conf", { host, content: read("unused-protocols.conf") });
  file("/etc/security/limits.d/50-no-core.conf", { host, content: "* hard core 0\n" });
}

function people(host: HostHandle, admins: HardeningOptions["admins"]): void {
  const ops = group("ops", { host, gid: 3000 });
  const sudo = pkg("sudo", { host });
  for (const [index, [name, keys]] of Object.entries(admins).entries()) {
    const admin = user(name, { host, uid: 3001 + index, groups: [ops], shell: "/bin/bash", comment: name });
    for (const key of keys) authorizedKey(admin, { host, key });
  }
  sudoRule("ops", { host, user: ops, noPassword: true, dependsOn: sudo });
  line("/etc/login.defs", { host, regexp: "^UMASK\\s", line: "UMASK 027" });
  line("/etc/login.defs", { host, regexp: "^PASS_MAX_DAYS\\s", line: "PASS_MAX_DAYS 365" });
  file("/etc/profile.d/50-timeout.sh", { host, content: "TMOUT=900\nreadonly TMOUT\nexport TMOUT\n" });
  file("/etc/motd", { host, content: read("motd") });
  file("/etc/issue.net", { host, content: read("motd") });
}

/** sshd must accept the new file before it takes its place: a mistake in it locks nobody out. */
function ssh(host: HostHandle): void {
  const settings = file("/etc/ssh/sshd_config.d/10-hardened.conf", {
    host,
    content: read("sshd.conf"),
    mode: "0600",
    validate: ["/usr/sbin/sshd", "-t", "-f", "%s"],
  });
  systemdUnit("ssh", { host, reloadOn: settings });
}

function updates(host: HostHandle): void {
  const unattended = pkg("unattended-upgrades", { host });
  const periodic = file("/etc/apt/apt.conf.d/20auto-upgrades", {
    host,
    dependsOn: unattended,
    content: read("auto-upgrades"),
  });
  const own = file("/etc/apt/apt.conf.d/52unattended-upgrades-local", {
    host,
    dependsOn: unattended,
    content: read("unattended-upgrades"),
  });
  systemdUnit("unattended-upgrades", { host, restartOn: [periodic, own] });
}

function housekeeping(host: HostHandle): void {
  const cron = pkg("cron", { host });
  pkg("logrotate", { host });
  file("/etc/crontab", { host, touch: true, mode: "0600", dependsOn: cron });
  for (const name of ["daily", "weekly", "monthly", "hourly"])
    directory(`/etc/cron.${name}`, { host, mode: "0700", dependsOn: cron });
  const journal = directory("/etc/systemd/journald.conf.d", { host });
  const size = file("/etc/systemd/journald.conf.d/50-size.conf", {
    host,
    dependsOn: journal,
    content: "[Journal]\nSystemMaxUse=200M\nMaxRetentionSec=1month\n",
  });
  systemdUnit("systemd-journald", { host, enabled: null, restartOn: size });
}

/**
 * Nothing comes in but what is named. If the control plane cannot be reached through the new rules, the old ones are back
 * within 30 seconds, whoever made the mistake.
 */
function firewall(host: HostHandle, ports: readonly number[]): void {
  nftablesTable("hardened", {
    host,
    dependsOn: pkg("nftables", { host }),
    rules: `chain input {
  type filter hook input priority filter; policy drop;
  ct state established,related accept
  ct state invalid drop
  iif "lo" accept
  icmp type { destination-unreachable, echo-request, parameter-problem, time-exceeded } accept
  icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept
  icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
  tcp dport { ${ports.join(", ")} } accept
}
`,
  });
}
