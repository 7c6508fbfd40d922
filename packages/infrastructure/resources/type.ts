import type { Action, Address, PropertyChange } from "@havn/model";
import type { z } from "zod";

/**
 * What a resource type decides, purely: `definition.ts` of each folder here. `Properties` are those of the schema with
 * references resolved; `Observed` is what the type's `host.ts` reads, as JSON, so that cases can be files.
 */
export interface ResourceDefinition<Properties, Observed> {
  type: string;
  /** As in a graph: texts may still be references. */
  schema: z.ZodType;
  /**
   * What differs and what to do about it. `wanted` is "absent" when the resource is no longer declared. Throws a
   * HavnError where what is there must not be touched.
   */
  plan(observed: Observed, desired: Properties, wanted: Wanted): HostPlan;
  /** Addresses whose change makes this one act too (restart, reload), though its own properties are equal. */
  triggers?(properties: Properties): Trigger[];
  /** Properties that are secret however they were written. */
  secrets?: readonly string[];
  /** What a removal puts back: kept on the host (as JSON, never a secret) when Havn first changes the resource. */
  before?(observed: Observed): unknown;
  /**
   * Files and directories that it reads or writes. Resources of one path are applied one after the other, planned with
   * what the earlier one does to it, and spared when the directory around them is purged. Given as declared: defaults
   * are not filled in.
   */
  paths?(properties: Properties): string[];
  /**
   * Files beside `paths` whose change may be one of the resource: where the host keeps what it is about. One that ends in
   * a slash is a directory in which every name counts.
   */
  watches?(properties: Properties): string[];
  /** Units of systemd whose change may be one of the resource. */
  units?(properties: Properties): string[];
  /**
   * Files that it shares with others line by line (/etc/hosts, /etc/passwd): it is planned with what earlier resources do
   * to them, but neither kept apart from others nor ordered with them. Given as declared.
   */
  shares?(properties: Properties): string[];
  /** Of its paths, the files that it writes as a whole: nobody else can be given a say in them. Given as declared. */
  keeps?(properties: Properties): string[];
  /** A change of it does more than its operations tell: what depends on it cannot be planned for sure before. */
  opaque?: true;
  /** What a person should know of what was declared, though it is sound. Given as declared. */
  warnings?(properties: Properties): { summary: string; detail: string }[];
}

export type Wanted = "present" | "absent";

export interface Trigger {
  on: Address;
  does: "restart" | "reload" | "run";
}

export interface HostPlan {
  action: Action;
  /** Not yet masked. */
  changes: PropertyChange[];
  operations: Operation[];
  /** It is done with every apply, not because something is not as declared: it is no drift, and enforcing leaves it. */
  everyTime?: true;
}

export interface Attributes {
  owner?: string | undefined;
  group?: string | undefined;
  /** Octal text: `"0644"`. */
  mode?: string | undefined;
}

/** What an agent can do to its host. Each is idempotent; `operations.ts` carries them out. */
export type Operation =
  /**
   * `stdin` may hold secrets: it is never shown. `settles` names triggers that are dealt with once it succeeded. `from`: of
   * a package that is removed, the program's options that say where it came from, and comes from again.
   */
  | { kind: "run"; command: string[]; stdin?: string; settles?: Address[]; undo?: Undo; from?: string[] }
  /**
   * Written beside its place, checked by `validate` (its word `%s` is the new file's path), then renamed into place.
   * Without a mode, a file that is there keeps its own.
   */
  | {
      kind: "write";
      path: string;
      content: string;
      encoding?: "base64";
      attributes: Attributes;
      validate?: string[];
    }
  /**
   * Lines that `match` (a regular expression) finds become `line`, in the place of the first or at the end; they go where
   * there is no `line`. All others stay as they are. `path` may begin with "~/": the home of `as`, who then writes it, so
   * that no link that he made leads elsewhere; its folder is made for him alone.
   */
  | {
      kind: "set line";
      path: string;
      match: string;
      line?: string;
      as?: string;
      attributes?: Attributes;
      validate?: string[];
    }
  | { kind: "make directory"; path: string; attributes: Attributes }
  | { kind: "set attributes"; path: string; attributes: Attributes }
  /** `twin`: another name of the same file, which stays. */
  | { kind: "remove file"; path: string; twin?: string }
  /** With everything in it; a mount point inside is an error. */
  | { kind: "remove tree"; path: string }
  /** Replaces what is there in one step. */
  | { kind: "symlink"; path: string; target: string; attributes: Attributes }
  | { kind: "hard link"; path: string; target: string }
  /** A copy in `directory`, named by time and digest; the first and the newest nine are kept. */
  | { kind: "keep copy"; path: string; directory: string }
  /** The first copy in `directory` takes its place again, with its owner and mode. */
  | { kind: "restore copy"; path: string; directory: string }
  /** A directory that still holds something is kept where `keepFull`, and is an error otherwise. */
  | { kind: "remove directory"; path: string; keepFull: boolean }
  /** Fetched beside its place, checked, then renamed into place. Headers may be secret: they are never shown. */
  | {
      kind: "download";
      url: string;
      sha256: string;
      path: string;
      attributes: Attributes;
      headers?: Record<string, string>;
      timeoutMs: number;
    }
  /** An artifact of the control plane, streamed beside its place and checked as `write` does, then renamed into place. */
  | {
      kind: "fetch";
      sha256: string;
      /** In bytes. */
      size: number;
      path: string;
      attributes: Attributes;
      validate?: string[];
    }
  /** Into a folder that is there; names that would lead out of it are an error, and nothing is unpacked. */
  | {
      kind: "unpack";
      archive: string;
      path: string;
      format: "tar" | "zip";
      strip: number;
      exclude: string[];
      attributes: Attributes;
    }
  /** A command or a script (`content`, a file that only its user may read), with its output in the report. */
  | ({ kind: "execute"; settles?: Address[]; undo?: Undo } & Execution)
  /** Its answer's status must be one of `status`. */
  | ({ kind: "request"; settles?: Address[]; undo?: Undo } & HttpRequest)
  /** Until `probe` succeeds. */
  | { kind: "wait"; probe: Probe; timeoutMs: number; intervalMs: number }
  /** Ends the agent: the bundle goes on once it is back. */
  | { kind: "reboot"; settles?: Address[] }
  /** Rules of an nftables table. With `confirmWithinMs` the old ones come back unless the control plane is reached. */
  | {
      kind: "load firewall";
      family: "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev";
      name: string;
      script: string;
      /** The elements of its sets are not compared. */
      terse: boolean;
      confirmWithinMs?: number;
    }
  /** A new key, and a certificate for it: from the control plane's authority, or signed by the key itself. */
  | {
      kind: "issue certificate";
      certificate: string;
      key: string;
      authority: string | undefined;
      names: string[];
      issuer: "havn" | "self-signed";
      days: number;
      owner: string;
      group: string;
      keyMode: string;
    }
  /** Kept on the host; `HostReads.noted` gives it back. */
  | { kind: "note"; value: unknown }
  | AptOperation;

/** How an operation is undone where `host/undo/effects.ts` cannot tell from the operation itself. */
export type Undo =
  /**
   * Run in its place; must do no harm where there is nothing to undo. `stdin` may hold secrets. `remains`: what it does not
   * bring back.
   */
  | { command: string[]; stdin?: string; remains?: string }
  /** The git checkout at this path is put back to the commit that it had. */
  | { checkout: string }
  /** It stays, and this is why. */
  | { never: string };

/** One transaction. `install` entries are names or `name=version`, in which a * stands for anything. */
export interface AptOperation {
  kind: "apt";
  /** Another package manager that does it. */
  manager?: "dnf" | "apk";
  install: string[];
  /** With their configuration files. */
  remove: string[];
  /** Their configuration files stay. */
  removeOnly?: string[];
  /** Lines for debconf-set-selections, before anything is installed. May hold secrets. */
  answers?: string;
  /** What came only because of what is removed goes too. */
  autoremove?: boolean;
  /** Packages that are held may change too. */
  changeHeld?: boolean;
}

export interface Execution {
  /** With `content`: what interprets it; the script's path is added. */
  command: string[];
  content?: string | undefined;
  stdin?: string | undefined;
  user?: string | undefined;
  cwd?: string | undefined;
  /** Beside the few variables that every command gets. May hold secrets. */
  env?: Record<string, string> | undefined;
  timeoutMs: number;
  exitCodes: number[];
}

export interface HttpRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  status: number[];
  timeoutMs: number;
}

/** Something that is so or not, found out without changing anything. */
export type Probe =
  | { kind: "port"; host: string; port: number }
  | { kind: "file"; path: string; contains?: string | undefined; absent: boolean }
  | { kind: "http"; url: string; status: number; contains?: string | undefined }
  | { kind: "command"; command: string[]; user?: string | undefined };

/** What a type's `host.ts` gives. */
export interface ResourceReader<Properties, Observed> {
  /** All resources of the type in one go, in the order given; changes nothing. */
  read(resources: { address: Address; properties: Properties }[], host: HostReads): Promise<Observed[]>;
}

/** What readers may ask of the host. */
export interface HostReads {
  /** Never throws for a command that fails; throws a HavnError where it is not installed. */
  run(
    command: readonly string[],
    options?: {
      stdin?: string | undefined;
      user?: string | undefined;
      cwd?: string | undefined;
      env?: Record<string, string> | undefined;
      timeoutMs?: number | undefined;
    },
  ): Promise<CommandResult>;
  /** Undefined where it succeeds, else why it does not. */
  probe(probe: Probe): Promise<string | undefined>;
  userName(uid: number): Promise<string>;
  groupName(gid: number): Promise<string>;
  /** Whether Havn itself brought it into being here. */
  isOurs(address: Address): boolean;
  /** Whether Havn ever did anything to it here. */
  wasChanged(address: Address): boolean;
  /** What the definition's `before` told when Havn first changed the resource; undefined where it never did. */
  before(address: Address): unknown;
  /** What an operation noted last. */
  noted(address: Address): unknown;
  /** Where copies of files that Havn replaced are kept. */
  copies: string;
  /** What is on the host; while planning, with what earlier resources of the same bundle are about to do to it. */
  files: FileView;
  /** Those of `triggers` that changed since they were last dealt with. */
  pending(address: Address, triggers: readonly Trigger[]): Trigger[];
}

export interface FileView {
  /** What stands at the path itself, links not followed; undefined where nothing does. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Whole content of a regular file. Throws a HavnError while planning, where it is not known before the apply. */
  read(path: string): Promise<Buffer>;
  /** sha256 of a regular file, in hex; remembered until the file changes. */
  digest(path: string): Promise<string>;
  /** Where a symbolic link leads, as it is written in it. */
  target(path: string): Promise<string>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<string[]>;
}

export interface FileStat extends Required<Attributes> {
  kind: "file" | "directory" | "link" | "other";
  /** In bytes. */
  size: number;
  /** Device and inode: equal for hard links to one file. */
  identity: string;
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export const unchanged: HostPlan = { action: "no-op", changes: [], operations: [] };
