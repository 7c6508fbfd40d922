import type { UserHandle } from "./accounts.ts";
import { type Handle, nameOf } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface CronEntryOptions extends HostResourceOptions {
  /**
   * When it runs, as cron has it: minute, hour, day, month, weekday, or "@daily" and its like. In the host's time zone.
   * @example schedule: "15 3 * * *"
   */
  schedule: string;
  /**
   * Shell command. A % is taken as it stands.
   * @example command: "/usr/local/bin/backup --all"
   */
  command: string;
  /**
   * Who runs it. Default: "root".
   * @example user: deploy
   */
  user?: UserHandle | string;
  /**
   * Variables that the command sees. With any, only root can read the file. Default: none.
   * @example environment: { MAILTO: "ops@example.org", TOKEN: secret("backup-token") }
   */
  environment?: Record<string, Text>;
  /**
   * True: the entry must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file in /etc/cron.d. */
export interface CronEntryHandle extends Handle {
  readonly type: "cron.entry";
}

/**
 * A command that cron runs at certain times: a file of its own in /etc/cron.d. Needs the package cron.
 *
 * @example cron("backup", { host: db1, schedule: "15 3 * * *", command: "/usr/local/bin/backup" });
 */
export function cron(name: string, options: CronEntryOptions): CronEntryHandle {
  return declareOnHost("cron.entry", name, options, {
    fixed: { name, user: nameOf(options.user) },
    uses: [options.user],
  });
}

export interface SysctlOptions extends HostResourceOptions {
  /**
   * Its value, now and after a restart.
   * @example value: 1
   */
  value: string | number;
}

/** A setting of the kernel. */
export interface SysctlHandle extends Handle {
  readonly type: "sysctl";
}

/**
 * A setting of the kernel: its live value, and a file in /etc/sysctl.d. When it is no longer declared the value from
 * before comes back. In a container only the network's settings can be changed.
 *
 * @example sysctl("net.ipv4.ip_forward", { host: router, value: 1 });
 */
export function sysctl(key: string, options: SysctlOptions): SysctlHandle {
  return declareOnHost("sysctl", key, options, { fixed: { key } });
}

export interface KernelModuleOptions extends HostResourceOptions {
  /**
   * Parameters with which it is loaded. Default: none.
   * @example options: "num_devices=2"
   */
  options?: string;
  /**
   * True: it must not be loaded, now and after a restart. Default: false.
   * @example blocked: true
   */
  blocked?: boolean;
}

/** A module of the kernel. */
export interface KernelModuleHandle extends Handle {
  readonly type: "kernel.module";
}

/**
 * A module of the kernel, loaded now and at start. In a container it can only be seen: the kernel is another computer's.
 *
 * @example kernelModule("br_netfilter", { host: router });
 */
export function kernelModule(name: string, options: KernelModuleOptions): KernelModuleHandle {
  return declareOnHost("kernel.module", name, options, { fixed: { name } });
}

/** The name of a host. */
export interface HostnameHandle extends Handle {
  readonly type: "hostname";
}

/**
 * The name that a host has for itself, now and after a restart. When it is no longer declared the name from before
 * comes back.
 *
 * @example hostname("web-1.example.org", { host: web1 });
 */
export function hostname(name: string, options: HostResourceOptions): HostnameHandle {
  return declareOnHost("hostname", "hostname", options, { fixed: { name } });
}

export interface HostsEntryOptions extends HostResourceOptions {
  /**
   * IPv4 or IPv6 address; a name may have one entry for each kind.
   * @example address: db.address
   */
  address: Text;
  /**
   * Further names of the same address. Default: none.
   * @example aliases: ["db.example.org"]
   */
  aliases?: readonly string[];
  /**
   * True: the entry must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A line in /etc/hosts. */
export interface HostsEntryHandle extends Handle {
  readonly type: "hosts.entry";
}

/**
 * A name's address in /etc/hosts; other lines stay as they are.
 *
 * @example hostsEntry("db", { host: web1, address: db.address, aliases: ["db.example.org"] });
 */
export function hostsEntry(name: string, options: HostsEntryOptions): HostsEntryHandle {
  const kind = String(options.address).includes(":") ? " (IPv6)" : "";
  return declareOnHost("hosts.entry", `${name}${kind}`, options, { fixed: { name } });
}

/** The time zone of a host. */
export interface TimezoneHandle extends Handle {
  readonly type: "timezone";
}

/**
 * The host's time zone. When it is no longer declared the zone from before comes back.
 *
 * @example timezone("Europe/Berlin", { host: web1 });
 */
export function timezone(zone: string, options: HostResourceOptions): TimezoneHandle {
  return declareOnHost("timezone", "timezone", options, { fixed: { zone } });
}

export interface LocaleOptions extends HostResourceOptions {
  /**
   * True: what programs start with (LANG). Default: false.
   * @example default: true
   */
  default?: boolean;
}

/** A language and its conventions on a host. */
export interface LocaleHandle extends Handle {
  readonly type: "locale";
}

/**
 * A locale that is available on the host. Needs the package locales.
 *
 * @example locale("de_DE.UTF-8", { host: web1, default: true });
 */
export function locale(name: string, options: LocaleOptions): LocaleHandle {
  return declareOnHost("locale", name, options, { fixed: { name } });
}
