import type { PropertyChange } from "@havn/model";
import type { CommandResult } from "../../resources/type.ts";
import type { Surroundings } from "../operations.ts";
import type { Blobs } from "./blobs.ts";

/** A part of a host that operations change, named so that its state can be read and put back. */
export type Aspect =
  /** `twin`: what may be another name of the same file. */
  | { kind: "path"; path: string; twin?: string }
  /** With everything in it. */
  | { kind: "tree"; path: string }
  /** A folder that programs fill: only whether it is there is put back. */
  | { kind: "folder"; path: string }
  /** `named`: what the operation names; `purged`: what it removes with its configuration files. */
  | { kind: "packages"; named: string[]; purged: string[] }
  | { kind: "other packages"; manager: "dnf" | "apk"; named: string[] }
  | { kind: "unit"; name: string }
  | { kind: "account"; name: string }
  | { kind: "group"; name: string }
  | { kind: "sysctl"; key: string }
  | { kind: "module"; name: string }
  | { kind: "hostname" }
  | { kind: "mount"; path: string }
  | { kind: "swap"; path: string }
  | { kind: "alternative"; name: string }
  | { kind: "diversion"; path: string }
  | { kind: "firewall"; family: Family; name: string }
  | { kind: "checkout"; path: string; user?: string | undefined }
  /** `from`: options that say where packages are taken from. */
  | { kind: "pip"; pip: string; name: string; from?: string[] }
  | { kind: "npm"; where: string[]; name: string; from?: string[] };

export type Family = "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev";

/** JSON: kept on the host, in a file that only the agent's user reads. */
export type State = { [key: string]: unknown } | string | number | boolean | null;

/** How one kind of aspect is read, put back and told. */
export interface AspectKind<A extends Aspect, S extends State> {
  /** As a person calls it: "/etc/motd", "unit nginx.service". */
  name(aspect: A): string;
  /** Changes nothing. With `keep`, contents are kept so that they can be put back. */
  capture(aspect: A, around: Around, keep: boolean): Promise<S>;
  /** Makes it as `state`; idempotent. Throws a HavnError that tells what was attempted. */
  restore(aspect: A, state: S, around: Around): Promise<void>;
  /** Why `state` cannot be put back; undefined where it can. */
  obstacle?(aspect: A, state: S, around: Around): Promise<string | undefined>;
  /** What of it stays as it is although `state` is put back. */
  reservations?(aspect: A, state: S, around: Around): Promise<string[]>;
  /** What differs between `now` and `state`, as a person may see it. */
  changes?(aspect: A, now: S, state: S, around: Around): Promise<PropertyChange[]>;
  /** What of the states before and after belongs to the aspect, once both are known. */
  narrow?(aspect: A, before: S, after: S): { before: S; after: S };
  /** What of the state before belongs to the aspect, where what was left is not known. */
  certain?(aspect: A, before: S): S;
  /** That part of `now` which `state` speaks of. */
  focus?(now: S, state: S): S;
}

export interface Around {
  blobs: Blobs;
  run(command: readonly string[], options?: { stdin?: string; user?: string }): Promise<CommandResult>;
  operations?: Surroundings | undefined;
  /** Unit files were put back: systemd has not read them yet. */
  reload: boolean;
  /** What could not be taken back in full, for the report. */
  remarks: string[];
  /** Contents may be shown. */
  open: boolean;
}
