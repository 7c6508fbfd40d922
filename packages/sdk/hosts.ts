import type { HostReference } from "@havn/model";
import {
  type CommonOptions,
  complain,
  declare,
  type Handle,
  isHandle,
  listOf,
  type MaintenanceWindowOptions,
  nameOf,
} from "./environment.ts";

export interface MachineOptions extends CommonOptions {
  /**
   * What it boots. Default: "debian-12".
   * @example image: "debian-12"
   */
  image?: "debian-12";
  /**
   * Upper bound of its memory. Default: none.
   * @example memory: "512M"
   */
  memory?: string;
  /**
   * Upper bound of its processor time, in cores. Default: none.
   * @example cpus: 1
   */
  cpus?: number;
}

/** A computer that Havn makes. */
export interface MachineHandle extends Handle {
  readonly type: "machine";
}

/**
 * A Debian machine that Havn makes on this computer (systemd-nspawn; needs root on Linux). Put a host on it to manage
 * what is inside.
 *
 * @example const web1 = host("web-1", { machine: machine("web-1", { memory: "512M" }) });
 */
export function machine(name: string, options: MachineOptions = {}): MachineHandle {
  const { dependsOn, ...properties } = options;
  const { address } = declare({ type: "machine", name, properties, after: listOf(dependsOn) });
  return { type: "machine", name, resource: address };
}

export interface SshOptions {
  /**
   * Host name or IP address that SSH reaches.
   * @example address: "10.0.0.7"
   */
  address: string;
  /**
   * Port of its SSH server. Default: 22.
   * @example port: 2222
   */
  port?: number;
  /**
   * Who to sign in as: root, or someone who may use sudo without a password. Default: "root".
   * @example user: "admin"
   */
  user?: string;
  /**
   * Private key to sign in with. Default: SSH's own.
   * @example identityFile: "~/.ssh/id_ed25519"
   */
  identityFile?: string;
  /**
   * Its public key, or the fingerprint of it: any other is refused. Default: what ssh knows already, else the key that
   * it shows first, which is kept.
   * @example hostKey: "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg"
   */
  hostKey?: string;
  /**
   * The hosts through which it is reached, as `ssh -J` takes them. Default: what the SSH configuration says.
   * @example jump: "ops@bastion.example.org:2222"
   */
  jump?: string;
  /**
   * How its agent reaches the control plane: "direct", or a "tunnel" that the control plane keeps open over SSH. Default:
   * a tunnel where there is a jump.
   * @example dialBack: "tunnel"
   */
  dialBack?: "direct" | "tunnel";
}

interface HostBehaviour extends CommonOptions {
  /**
   * Labels on everything that is measured there.
   * @example labels: { rack: "a4" }
   */
  labels?: Record<string, string>;
  /**
   * Groups that it is chosen by: `havn run @web`. hostsFromInventory() sets them.
   * @example groups: ["web"]
   */
  groups?: readonly string[];
  /**
   * What the agent does when something no longer is as declared: "enforce" mends it, "noop" tells, "off" does not
   * look. Default: "noop".
   * @example mode: "enforce"
   */
  mode?: "enforce" | "noop" | "off";
  /**
   * How often its agent looks at all that is declared there. What changes in files and units that it watches is seen at
   * once in any case. Default: each minute, or less often where looking takes long.
   * @example driftInterval: "5m"
   */
  driftInterval?: string;
  /**
   * When its agent mends nothing: from each time of a schedule (as cron has it) on. Default: never.
   * @example maintenance: [{ schedule: "0 2 * * sat", for: "4h", zone: "Europe/Oslo", reason: "patches" }]
   */
  maintenance?: readonly MaintenanceWindowOptions[];
}

export interface HostOptions extends HostBehaviour {
  /**
   * The machine that it is. Either this or `ssh`.
   * @example machine: machine("web-1")
   */
  machine?: MachineHandle | string;
  /**
   * How to reach a computer that exists already. Either this or `machine`.
   * @example ssh: { address: "10.0.0.7", user: "admin" }
   */
  ssh?: SshOptions;
}

/** A computer with Havn's agent on it. */
export interface HostHandle extends Handle {
  readonly type: "host";
  /**
   * Reference to its IP address: known once the host is there, usable in any text.
   * @example text`http://${web1.address}:8080`
   */
  readonly address: HostReference;
}

/**
 * A computer that Havn manages through its agent: a machine that Havn makes, or one that SSH reaches.
 *
 * @example const db = host("db-1", { machine: machine("db-1"), mode: "enforce" });
 * @example const old = host("old-1", { ssh: { address: "10.0.0.7" } });
 */
export function host(name: string, options: HostOptions): HostHandle {
  const { machine: on, ssh, dependsOn, ...rest } = options;
  if ((on === undefined) === (ssh === undefined))
    complain(
      `host "${name}" needs exactly one way to reach it`,
      'Write machine: machine("…") or ssh: { address: "…" }; for the computer that Havn runs on use thisComputer().',
    );
  const via = on === undefined ? { kind: "ssh", ...ssh } : { kind: "machine", machine: nameOf(on) };
  return declareHost(name, { via, ...rest }, [on, ...listOf(dependsOn)]);
}

/**
 * The computer that Havn itself runs on, as a host. Services run there as processes of the agent; without root, only
 * what the user may change can be managed.
 *
 * @example service("hello", { hosts: [thisComputer()], … })
 */
export function thisComputer(name = "this-computer", options: HostBehaviour = {}): HostHandle {
  const { dependsOn, ...properties } = options;
  return declareHost(name, { via: { kind: "this-computer" }, ...properties }, listOf(dependsOn));
}

function declareHost(
  name: string,
  properties: Record<string, unknown>,
  after: readonly unknown[],
): HostHandle {
  const { address } = declare({
    type: "host",
    name,
    properties,
    after: after.filter((one) => isHandle(one) || typeof one === "string"),
  });
  return { type: "host", name, resource: address, address: { $host: name, attribute: "address" } };
}
