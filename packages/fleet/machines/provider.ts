import type { MachineProperties } from "@havn/model";

export interface MachineName {
  environment: string;
  name: string;
}

/** How a running machine is reached. */
export interface MachineAccess {
  ip: string;
  sshPort: number;
  sshUser: string;
  /** The machine's SSH host key as one line of `known_hosts` without its host field: `ssh-ed25519 AAAA…`. */
  hostKey: string;
  /** This computer's address on the machine's network: where the machine's agent dials the gateway. */
  bridgeAddress: string;
  /** A folder of this computer that the machine sees too, read-only: the quick way for large files. */
  share?: { here: string; inMachine: string };
}

export type MachineState = "running" | "stopped" | "none";

/** Makes computers. One folder under machines/ each. Every method is idempotent and may be interrupted anywhere. */
export interface MachineProvider {
  /**
   * Creates the machine if there is none, starts it if it does not run, and resolves when SSH answers on it.
   * `publicKey` (an OpenSSH public key line) may then sign in as `sshUser`. `tell` says what is happening now.
   * Throws a HavnError that says what is missing where this computer cannot make machines.
   */
  ensure(
    machine: MachineName & { spec: MachineProperties; publicKey: string },
    tell: (detail: string) => void,
    signal?: AbortSignal,
  ): Promise<MachineAccess>;
  /** "none": there is no such machine. */
  status(environment: string, name: string): Promise<MachineState>;
  /** Stops it and keeps its disk. */
  stop(environment: string, name: string): Promise<void>;
  /** Stops it and removes all of it: disk, network, files. Nothing to do when it is gone already. */
  destroy(environment: string, name: string): Promise<void>;
  list(): Promise<(MachineName & { state: MachineState })[]>;
  /** Makes bridges and packet rules that a restart of this computer took away; addresses stay as they were. */
  restoreNetwork(): Promise<void>;
}
