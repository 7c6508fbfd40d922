import {
  type CommonOptions,
  complain,
  type Dependency,
  declare,
  type Handle,
  listOf,
  nameOf,
} from "./environment.ts";
import type { HostHandle } from "./hosts.ts";
import type {
  BrowserProbe,
  DatabaseProbe,
  DnsProbe,
  FileProbe,
  HeartbeatCheck,
  HttpProbe,
  NrpeProbe,
  PassiveCheck,
  PingProbe,
  PluginProbe,
  ProcessProbe,
  RedisProbe,
  SmtpProbe,
  TcpProbe,
  TlsProbe,
} from "./probes.ts";
import type { Text } from "./references.ts";

export type * from "./probes.ts";

/** How bad it is: `critical` wakes someone. */
export type Severity = "info" | "warning" | "critical";

/** What is asked: exactly one of them. */
export interface CheckProbes {
  /**
   * An HTTP request: a URL, or more about it.
   * @example http: text`${entry.url}/healthz`
   */
  http?: Text | HttpProbe;
  /**
   * A TCP connection that must be taken.
   * @example tcp: { host: db.host, port: db.port }
   */
  tcp?: TcpProbe;
  /**
   * The certificate that a server shows: chain, name, how long it holds.
   * @example tls: { host: "shop.example.com", warnBefore: "30d" }
   */
  tls?: TlsProbe;
  /**
   * What a name server answers.
   * @example dns: { name: "shop.example.com", expect: ["192.0.2.10"] }
   */
  dns?: DnsProbe;
  /**
   * ICMP echo: a host, or more about it.
   * @example ping: { host: "192.0.2.1", warning: { rtt: "100ms", loss: 20 } }
   */
  ping?: Text | PingProbe;
  /**
   * A mail server: greeting, STARTTLS, sign-in, and an envelope of which nothing is sent.
   * @example smtp: { host: "mail.example.com", port: 587, security: "starttls" }
   */
  smtp?: SmtpProbe;
  /**
   * Signs in to PostgreSQL and asks one query.
   * @example postgres: { host: "10.0.0.5", user: "watch", password: secret("watch-db"), query: "select count(*) from orders" }
   */
  postgres?: DatabaseProbe;
  /**
   * Signs in to MySQL or MariaDB and asks one query.
   * @example mysql: { host: "10.0.0.5", user: "watch", password: secret("watch-db") }
   */
  mysql?: DatabaseProbe;
  /**
   * AUTH and PING of a Redis server.
   * @example redis: { host: "10.0.0.5", password: secret("redis"), role: "master" }
   */
  redis?: RedisProbe;
  /**
   * Age and size of a file of the host that asks.
   * @example file: { path: "/var/backups/shop.dump", criticalAge: "26h", smallest: 1024 }
   */
  file?: FileProbe;
  /**
   * Processes of the host that asks, counted.
   * @example process: { name: "nginx", least: 2 }
   */
  process?: ProcessProbe;
  /**
   * A systemd unit of the host that asks.
   * @example unit: "nginx.service"
   */
  unit?: Text | { unit: Text; state?: string };
  /**
   * A way through pages in Chromium, step by step.
   * @example browser: { url: "https://shop.example.com", steps: [{ click: "text=Sign in" }, { see: "#user" }] }
   */
  browser?: BrowserProbe;
  /**
   * Any Nagios plugin: a command line, or more about it.
   * @example plugin: "/usr/lib/nagios/plugins/check_load -w 4,3,2 -c 8,6,4"
   */
  plugin?: string | PluginProbe;
  /**
   * A command of an NRPE daemon.
   * @example nrpe: { host: "10.0.0.9", command: "check_disk" }
   */
  nrpe?: NrpeProbe;
  /**
   * Nobody asks: results are told, by `POST /api/v1/checks/ENVIRONMENT/results` or send_nsca.
   * @example passive: { freshness: "26h" }
   */
  passive?: PassiveCheck;
  /**
   * A job that must ping its address in time; `havn checks explain` tells the address.
   * @example heartbeat: { every: "1d", grace: "1h" }
   */
  heartbeat?: HeartbeatCheck;
}

export interface CheckOptions extends CommonOptions, CheckProbes {
  /**
   * Host whose agent asks. The control plane itself where left out.
   * @example from: lb
   */
  from?: HostHandle | string;
  /**
   * How often. Default: "5s".
   * @example interval: "30s"
   */
  interval?: string;
  /**
   * How long an answer may take. Default: "3s".
   * @example timeout: "1s"
   */
  timeout?: string;
  /**
   * How bad it is. A state of warning or unknown is at most a warning. Default: "critical".
   * @example severity: "warning"
   */
  severity?: Severity;
  /**
   * So many times in a row before a trouble is believed (Nagios' max_check_attempts). Default: 2.
   * @example attempts: 4
   */
  attempts?: number;
  /**
   * Between those attempts. Default: "1s".
   * @example retryInterval: "30s"
   */
  retryInterval?: string;
  /**
   * When it flaps: per cent of change over the last 21 results. Default: { low: 20, high: 30 }.
   * @example flapping: { low: 5, high: 25 }
   */
  flapping?: { low: number; high: number } | false;
  /**
   * Each result that is not OK is a trouble of its own. Default: false.
   * @example volatile: true
   */
  volatile?: boolean;
  /**
   * Checks that the way there leads through: while all of them fail, this one is unreachable, and nobody is told.
   * @example parents: [coreSwitch]
   */
  parents?: readonly (CheckHandle | string)[];
  /**
   * Checks that this one depends on: while one of them is in such a state, nobody is told of this one.
   * @example dependencies: [{ on: database, failWhen: ["critical"] }]
   */
  dependencies?: readonly (CheckHandle | string | CheckDependency)[];
  /**
   * Put on its alerts and series.
   * @example labels: { team: "shop" }
   */
  labels?: Record<string, string>;
}

export interface CheckDependency {
  on: CheckHandle | string;
  /** Default: critical and unknown. */
  failWhen?: readonly ("warning" | "critical" | "unknown")[];
}

/** A check. */
export interface CheckHandle extends Handle {
  readonly type: "check";
}

const kinds = [
  ...([
    "http",
    "tcp",
    "tls",
    "dns",
    "ping",
    "smtp",
    "postgres",
    "mysql",
    "redis",
    "file",
    "process",
  ] as const),
  ...(["unit", "browser", "plugin", "nrpe", "passive", "heartbeat"] as const),
] satisfies readonly (keyof CheckProbes)[];

/** What a text alone means. */
const short: Partial<Record<keyof CheckProbes, string>> = {
  http: "url",
  ping: "host",
  unit: "unit",
  plugin: "command",
};

/**
 * What users see, asked again and again, from a host or from the control plane. Its failure is an alert.
 *
 * @example check("shop-answers", { from: lb, http: text`${entry.url}/healthz` });
 */
export function check(name: string, options: CheckOptions): CheckHandle {
  const given = kinds.filter((kind) => options[kind] !== undefined);
  const [kind = "http"] = given;
  if (given.length !== 1)
    complain(
      `check "${name}" needs exactly one probe`,
      'Write for example http: "http://…" or tcp: { host: …, port: … }.',
    );
  const { from, parents, dependencies, dependsOn, ...rest } = options;
  const about = Object.entries(rest).filter(([key]) => !kinds.some((known) => known === key));
  const above = [...listOf(parents), ...listOf(dependencies).map(onOf)];
  const { address } = declare({
    type: "check",
    name,
    properties: {
      ...(from !== undefined && { from: nameOf(from) }),
      probe: probeOf(kind, options[kind]),
      ...Object.fromEntries(about),
      ...(parents && { parents: parents.map(nameOf) }),
      ...(dependencies && { dependencies: dependencies.map(dependencyOf) }),
    },
    after: [from, ...above, ...listOf(dependsOn)],
  });
  return { type: "check", name, resource: address };
}

const isDependency = (value: CheckHandle | string | CheckDependency): value is CheckDependency =>
  typeof value === "object" && "on" in value;
const onOf = (value: CheckHandle | string | CheckDependency): Dependency =>
  isDependency(value) ? value.on : value;
const dependencyOf = (value: CheckHandle | string | CheckDependency) =>
  isDependency(value) ? { ...value, on: nameOf(value.on) } : { on: nameOf(value) };

function probeOf(kind: keyof CheckProbes, value: unknown): Record<string, unknown> {
  const isText = typeof value !== "object" || value === null || "$text" in value || "$host" in value;
  const only = short[kind];
  return isText && only !== undefined ? { kind, [only]: value } : { kind, ...(value as object) };
}

export interface NrpeServerOptions extends CommonOptions {
  /**
   * Host whose agent answers.
   * @example host: web1
   */
  host: HostHandle | string;
  /**
   * Where. Default: 5666.
   * @example port: 5667
   */
  port?: number;
  /**
   * Address that it listens on. Default: all.
   * @example listen: "10.0.0.7"
   */
  listen?: string;
  /**
   * Addresses and networks that may ask.
   * @example allow: ["10.0.0.2", "10.1.0.0/16"]
   */
  allow: readonly string[];
  /**
   * Encryption as NRPE does it without certificates, or none. Default: "anonymous".
   * @example tls: "off"
   */
  tls?: "anonymous" | "off";
  /**
   * Whether whoever asks may give arguments ($ARG1$ …). Default: false.
   * @example arguments: true
   */
  arguments?: boolean;
  /**
   * What may be asked: command lines by name.
   * @example commands: { check_load: "/usr/lib/nagios/plugins/check_load -w 4 -c 8" }
   */
  commands: Record<string, string | { command: string; timeout?: string; user?: string }>;
}

/** An agent that answers check_nrpe. */
export interface NrpeServerHandle extends Handle {
  readonly type: "nrpe";
}

/**
 * Lets a host's agent answer Nagios' check_nrpe: with the commands that are declared, and no other.
 *
 * @example nrpeServer("web-1", { host: web1, allow: ["10.0.0.2"], commands: { check_load: "/usr/lib/nagios/plugins/check_load -w 4 -c 8" } });
 */
export function nrpeServer(name: string, options: NrpeServerOptions): NrpeServerHandle {
  const { host, commands, dependsOn, ...rest } = options;
  const lines = Object.entries(commands).map(([command, line]) => [
    command,
    typeof line === "string" ? { command: line } : line,
  ]);
  const { address } = declare({
    type: "nrpe",
    name,
    properties: { host: nameOf(host), ...rest, commands: Object.fromEntries(lines) },
    after: [host, ...listOf(dependsOn)],
  });
  return { type: "nrpe", name, resource: address };
}
