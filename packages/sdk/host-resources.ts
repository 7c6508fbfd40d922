import { HavnError, type Location } from "@havn/model";
import { type Dependency, declare, type Handle, isHandle, listOf } from "./environment.ts";
import { readFileSource, readFolderSource } from "./file-source.ts";
import { callerLocation } from "./location.ts";
import type { HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

/** For constructors that bring others: told as written where the outer one stands. */
interface Within {
  location?: Location | undefined;
}

interface AttributeOptions {
  /**
   * Owner. Default: the agent's user (root) for a new one, else as it is.
   * @example owner: "www-data"
   */
  owner?: string;
  /**
   * Group. Default: the agent's group for a new one, else as it is.
   * @example group: "adm"
   */
  group?: string;
}

export interface FileOptions extends HostResourceOptions, AttributeOptions {
  /**
   * The whole content. Take a template from disk with readFileSync; put references in with text`…`.
   * @example content: "Welcome.\n"
   * @example content: text`upstream ${db.address};\n`
   */
  content?: Text;
  /**
   * The whole content as base64, for what is no text. Plans show its size and sha256. At most 8 MiB: fetch more with download.
   * @example base64: readFileSync(new URL("logo.png", import.meta.url)).toString("base64")
   */
  base64?: string;
  /**
   * The whole content is that of a file beside the configuration: text, shown line by line in plans, or anything else. Its
   * path is relative to the configuration. At most 1 GiB; what is larger than 4 MiB is uploaded once, beside the plan, and
   * shown by its size and sha256.
   * @example source: "./files/logo.png"
   */
  source?: string;
  /**
   * True: it must be there, with whatever content; an empty file is made where there is none. Default: false.
   * @example touch: true
   */
  touch?: boolean;
  /**
   * True: what Havn replaces is kept on the host (the first and the newest nine), and the first of it is put back when the
   * file is no longer declared. Default: false.
   * @example backup: true
   */
  backup?: boolean;
  /**
   * Permissions, octal. Default: "0644".
   * @example mode: "0600"
   */
  mode?: string;
  /**
   * Command that must accept the new file before it takes the old one's place; "%s" is the new file's path.
   * @example validate: ["visudo", "-cf", "%s"]
   */
  validate?: readonly string[];
  /**
   * True: the file must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file on a host. */
export interface FileHandle extends Handle {
  readonly type: "file";
  readonly path: string;
}

/**
 * A file on a host, replaced as a whole and never seen half written.
 *
 * @example file("/etc/motd", { host: web1, content: "Managed by Havn.\n" });
 */
export function file(path: string, options: FileOptions & Within): FileHandle {
  const { host: _, dependsOn: _after, location: _at, source, ...rest } = options;
  if (
    source !== undefined &&
    (rest.content !== undefined || rest.base64 !== undefined || rest.touch || rest.absent)
  )
    throw new HavnError(`file("${path}") has a source and says what is in it besides`, {
      detail: "Give it one of source, content, base64, touch and absent.",
      status: 400,
    });
  return declareFile(path, options, { ...rest, ...(source !== undefined && readFileSource(source)) });
}

function declareFile(
  path: string,
  { host, dependsOn, location }: Pick<FileOptions & Within, "host" | "dependsOn" | "location">,
  properties: object,
): FileHandle {
  const { address } = declare({
    type: "file",
    name: path,
    host,
    properties: { path, ...properties },
    after: listOf(dependsOn),
    location,
  });
  return { type: "file", name: path, resource: address, path };
}

export interface DirectoryOptions extends HostResourceOptions, AttributeOptions {
  /**
   * Permissions, octal. Default: "0755".
   * @example mode: "0700"
   */
  mode?: string;
  /**
   * True: the directory must not be there; one that is not empty is an error, unless `recurse` is true. Default: false.
   * @example absent: true
   */
  absent?: boolean;
  /**
   * True: owner and group hold for everything in it too, and with `absent` it goes with everything. Default: false.
   * @example recurse: true
   */
  recurse?: boolean;
  /**
   * Permissions of all files in it, octal. Default: as they are.
   * @example fileMode: "0640"
   */
  fileMode?: string;
  /**
   * Permissions of all directories in it, octal. Default: as they are.
   * @example directoryMode: "0750"
   */
  directoryMode?: string;
  /**
   * True: what is in it and is not declared is removed. Default: false.
   * @example purge: true
   */
  purge?: boolean;
  /**
   * A folder beside the configuration: everything in it is declared too, as files and directories, with this owner and
   * group; what may be run there may be run here. Its path is relative to the configuration. At most 1000 files of 1 GiB.
   * @example source: "./site"
   */
  source?: string;
}

/** A directory on a host. */
export interface DirectoryHandle extends Handle {
  readonly type: "directory";
  readonly path: string;
}

/**
 * A directory on a host. Its parent must be there. It is removed only if Havn made it and it is empty.
 *
 * @example directory("/srv/shop", { host: web1, owner: "www-data" });
 */
export function directory(path: string, options: DirectoryOptions & Within): DirectoryHandle {
  const { host, dependsOn, location, source, ...rest } = options;
  const { address } = declare({
    type: "directory",
    name: path,
    host,
    properties: { path, ...rest },
    after: listOf(dependsOn),
    location,
  });
  if (source !== undefined) declareWithin(path, source, options);
  return { type: "directory", name: path, resource: address, path };
}

/** Each told as written where the directory is. */
function declareWithin(path: string, source: string, options: DirectoryOptions & Within): void {
  const { host, owner, group, when, enforcement, mode, fileMode, directoryMode = mode } = options;
  const attributes = { owner, group, when, enforcement };
  const at = { host, location: options.location ?? callerLocation() };
  for (const entry of readFolderSource(source)) {
    const target = path === "/" ? `/${entry.path}` : `${path}/${entry.path}`;
    if (entry.kind === "directory") directory(target, { ...at, ...attributes, mode: directoryMode });
    else {
      const mode = fileMode ?? (entry.executable ? "0755" : "0644");
      declareFile(target, at, { ...attributes, ...entry.content, mode });
    }
  }
}

export interface PackageOptions extends HostResourceOptions {
  /**
   * Exactly this version, a * standing for anything; "newest": the newest that there is. Default: whichever is
   * installed, or the newest when none is.
   * @example version: "2.6.12-1+deb12u2"
   * @example version: "15.*"
   * @example version: "newest"
   */
  version?: string;
  /**
   * The package manager. Default: that of the host's distribution (Debian, Ubuntu: apt; Fedora, RHEL and its kin: dnf;
   * Alpine: apk).
   * @example manager: "dnf"
   */
  manager?: "apt" | "dnf" | "apk";
  /**
   * True: nobody but Havn changes its version; false: a hold is lifted. Default: left as it is.
   * @example hold: true
   */
  hold?: boolean;
  /**
   * Answers to debconf's questions, given before it is installed. A text is of type "string", true and false are of type
   * "boolean"; for others say the type.
   * @example answers: { "postfix/mailname": "example.org", "postfix/main_mailer_type": { type: "select", value: "Internet Site" } }
   */
  answers?: Record<
    string,
    | Text
    | boolean
    | { type: "string" | "boolean" | "select" | "multiselect" | "text" | "password"; value: Text }
  >;
  /**
   * Whether its configuration files go with it. Default: true.
   * @example purge: false
   */
  purge?: boolean;
  /**
   * True: when it goes, packages that came only because of it go too. Default: false.
   * @example autoremove: true
   */
  autoremove?: boolean;
  /**
   * True: the package must not be installed. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A package on a host. */
export interface PackageHandle extends Handle {
  readonly type: "package";
}

/**
 * A package of the host's distribution. All packages of a host go in one transaction. When it is no longer declared it is
 * removed only if Havn installed it.
 *
 * @example pkg("curl", { host: web1 });
 */
export function debianPackage(name: string, options: PackageOptions & Within): PackageHandle {
  const { host, dependsOn, location, ...rest } = options;
  const { address } = declare({
    type: "package",
    name,
    host,
    properties: { name, ...rest },
    after: listOf(dependsOn),
    location,
  });
  return { type: "package", name, resource: address };
}

export interface SystemdUnitOptions extends HostResourceOptions {
  /**
   * The whole unit file, kept in /etc/systemd/system. Absent: the unit comes from a package.
   * @example content: "[Service]\nExecStart=/usr/bin/worker\n[Install]\nWantedBy=multi-user.target\n"
   */
  content?: Text;
  /**
   * Parts that change the unit file, kept in UNIT.d/NAME.conf. Others that are there stay.
   * @example dropIns: { limits: "[Service]\nLimitNOFILE=65536\n" }
   */
  dropIns?: Record<string, Text>;
  /**
   * Whether it starts with the machine; null: left as it is. Default: true.
   * @example enabled: false
   */
  enabled?: boolean | null;
  /**
   * Whether it runs now; null: left as it is. Default: true.
   * @example active: null
   */
  active?: boolean | null;
  /**
   * True: nothing may start it. Default: false.
   * @example masked: true
   */
  masked?: boolean;
  /**
   * What restarts it when it changes. A restart that could not be done is made up for in the next apply.
   * @example restartOn: [settings]
   */
  restartOn?: Dependency | readonly Dependency[];
  /**
   * What reloads it when it changes.
   * @example reloadOn: [sites]
   */
  reloadOn?: Dependency | readonly Dependency[];
}

/** A systemd unit on a host. */
export interface SystemdUnitHandle extends Handle {
  readonly type: "systemd.unit";
}

/**
 * A systemd unit on a host: from a package, or with a unit file of its own. A name without an ending is a service.
 *
 * @example systemdUnit("nginx", { host: web1, restartOn: [settings], dependsOn: [nginx] });
 */
export function systemdUnit(name: string, options: SystemdUnitOptions & Within): SystemdUnitHandle {
  const { host, dependsOn, location, restartOn, reloadOn, enabled, active, ...rest } = options;
  const unit = /\.[a-z]+$/.test(name) ? name : `${name}.service`;
  const running = rest.masked ? undefined : true;
  const properties = {
    name: unit,
    ...rest,
    enabled: enabled === null ? undefined : (enabled ?? running),
    active: active === null ? undefined : (active ?? running),
    restartOn: listOf(restartOn).map(addressIn),
    reloadOn: listOf(reloadOn).map(addressIn),
  };
  const after = [...listOf(dependsOn), ...listOf(restartOn), ...listOf(reloadOn)];
  const { address } = declare({ type: "systemd.unit", name: unit, host, properties, after, location });
  return { type: "systemd.unit", name: unit, resource: address };
}

const addressIn = (value: Dependency) => (isHandle(value) ? value.resource : value);
