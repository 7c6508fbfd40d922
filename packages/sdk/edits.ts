import { isReference } from "@havn/model";
import { complain, type Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

/** What every change of a part of a text file takes. The file keeps its owner and mode, and all the rest of its text. */
export interface EditOptions extends HostResourceOptions {
  /**
   * True: a file that is not there is made. Default: false, which makes that an error.
   * @example create: true
   */
  create?: boolean;
  /**
   * Command that must accept the new file before it takes the old one's place; "%s" is the new file's path.
   * @example validate: ["sshd", "-t", "-f", "%s"]
   */
  validate?: readonly string[];
  /**
   * What it is called beside the file's path. Default: taken from what it sets.
   * @example name: "root login"
   */
  name?: string;
}

interface PlaceOptions {
  /**
   * Where something new goes: after the last line that this regular expression finds, or "end". Default: "end".
   * @example insertAfter: "^Port"
   */
  insertAfter?: string;
  /**
   * Where something new goes: before the last line that this regular expression finds, or "start".
   * @example insertBefore: "^Match"
   */
  insertBefore?: string;
  /**
   * True: it must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

export interface LineOptions extends EditOptions, PlaceOptions {
  /**
   * The line as it shall stand there. With `absent`, the line that must not.
   * @example line: "PermitRootLogin no"
   */
  line?: Text;
  /**
   * The line that it replaces, as a regular expression: the last one found. It should find the new line too. Where it
   * finds none, the line is put in. With `absent`, every line that it finds goes.
   * @example regexp: "^#?PermitRootLogin"
   */
  regexp?: string;
  /**
   * True: the first line that is found counts, not the last. Default: false.
   * @example first: true
   */
  first?: boolean;
  /**
   * True: $1 in the line is what the first group of `regexp` found, and a line is only replaced, never put in. Default: false.
   * @example backReferences: true
   */
  backReferences?: boolean;
}

/** A line of a text file. */
export interface LineHandle extends Handle {
  readonly type: "line";
  readonly path: string;
}

/**
 * One line of a text file (lineinfile, file_line). When it is no longer declared, the line that it replaced stands again.
 *
 * @example line("/etc/ssh/sshd_config", { host: web1, regexp: "^#?PermitRootLogin", line: "PermitRootLogin no" });
 */
export function line(path: string, options: LineOptions): LineHandle {
  return { ...edit("line", path, options, options.regexp ?? options.line), path };
}

export interface BlockOptions extends EditOptions, PlaceOptions {
  /**
   * The lines between the markers.
   * @example content: text`${db.host} db\n`
   */
  content?: Text;
  /**
   * The lines around it; {mark} becomes BEGIN and END. Default: "# {mark} managed by Havn: NAME".
   * @example marker: "<!-- {mark} shop -->"
   */
  marker?: string;
}

/** Lines of a text file between two markers. */
export interface BlockHandle extends Handle {
  readonly type: "block";
  readonly path: string;
}

/**
 * Lines between two marker lines of a text file (blockinfile). They go when they are no longer declared.
 *
 * @example block("/etc/hosts", { host: web1, name: "shop", content: "10.0.0.7 db\n" });
 */
export function block(path: string, options: BlockOptions): BlockHandle {
  const { name = "block", marker = `# {mark} managed by Havn: ${name}` } = options;
  const marked: BlockOptions = { ...options, marker };
  return { ...edit("block", path, marked, name), path };
}

export interface ReplaceOptions extends Omit<EditOptions, "create"> {
  /**
   * Every place that this regular expression finds is replaced; ^ and $ are ends of lines. It must not find its own result.
   * @example regexp: "http://mirror\\.old"
   */
  regexp: string;
  /**
   * What stands there instead; $1 is what the first group found. Default: nothing.
   * @example replacement: "https://mirror.new"
   */
  replacement?: Text;
  /**
   * Only behind the first place that this regular expression finds.
   * @example after: "^\\[client\\]"
   */
  after?: string;
  /**
   * Only before the first place that this regular expression finds.
   * @example before: "^\\[server\\]"
   */
  before?: string;
}

/** Text that is replaced wherever it stands in a file. */
export interface ReplaceHandle extends Handle {
  readonly type: "replace";
  readonly path: string;
}

/**
 * Text that is replaced wherever it stands in a file. When it is no longer declared the file stays as it is.
 *
 * @example replace("/etc/apt/sources.list", { host: web1, regexp: "^deb http:", replacement: "deb https:" });
 */
export function replace(path: string, options: ReplaceOptions): ReplaceHandle {
  return { ...edit("replace", path, options, options.regexp), path };
}

/** What can stand in a document: as JSON has it, texts with references too. */
export type SettingValue =
  | Text
  | number
  | boolean
  | null
  | readonly SettingValue[]
  | { readonly [name: string]: SettingValue };

export interface SettingOptions extends EditOptions {
  /**
   * Where it stands: names with dots between them, or a list where names hold dots; numbers count items from 0.
   * @example key: "server.port"
   * @example key: ["logging", "loggers", "org.example"]
   */
  key: string | readonly (string | number)[];
  /**
   * Its value.
   * @example value: 8080
   */
  value?: SettingValue;
  /**
   * True: it must not be set. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

export interface SettingIniOptions extends EditOptions {
  /**
   * The section that it stands in. Default: before the first one.
   * @example section: "mysqld"
   */
  section?: string;
  /**
   * Its name.
   * @example key: "max_connections"
   */
  key: string;
  /**
   * What stands behind the equals sign.
   * @example value: 200
   */
  value?: Text | number | boolean;
  /**
   * True: it must not be set. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

export interface SettingXmlOptions extends EditOptions {
  /**
   * Path from the root: names, [2] or [@name='value'] to choose one of several, /@name for an attribute.
   * @example key: "/Server/Service/Connector[@protocol='HTTP/1.1']/@port"
   */
  key: string;
  /**
   * Text of the element or of the attribute.
   * @example value: 8080
   */
  value?: Text | number | boolean;
  /**
   * True: it must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** One setting in a file. */
export interface SettingHandle extends Handle {
  readonly type: "setting.ini" | "setting.json" | "setting.toml" | "setting.xml" | "setting.yaml";
  readonly path: string;
}

/**
 * One setting in an INI file. Everything else in the file stays as it is; so it is with the other formats. When it is no
 * longer declared it has its old value again.
 *
 * @example settingIni("/etc/mysql/my.cnf", { host: db1, section: "mysqld", key: "max_connections", value: 200 });
 */
export function settingIni(path: string, options: SettingIniOptions): SettingHandle {
  const { section = "" } = options;
  const whole: SettingIniOptions = { ...options, section };
  return setting("setting.ini", path, whole, [section, options.key].filter(Boolean));
}

/**
 * One setting in a JSON file; comments are kept.
 *
 * @example settingJson("/etc/docker/daemon.json", { host: web1, key: "log-opts.max-size", value: "10m", create: true });
 */
export function settingJson(path: string, options: SettingOptions): SettingHandle {
  return setting("setting.json", path, options);
}

/**
 * One setting in a YAML file; comments are kept.
 *
 * @example settingYaml("/etc/netplan/50-cloud-init.yaml", { host: web1, key: "network.version", value: 2 });
 */
export function settingYaml(path: string, options: SettingOptions): SettingHandle {
  return setting("setting.yaml", path, options);
}

/**
 * One setting in a TOML file; comments are kept.
 *
 * @example settingToml("/etc/containerd/config.toml", { host: web1, key: "metrics.address", value: "127.0.0.1:1338" });
 */
export function settingToml(path: string, options: SettingOptions): SettingHandle {
  return setting("setting.toml", path, options);
}

/**
 * Text of an element or an attribute in an XML file; everything else is kept as it is written.
 *
 * @example settingXml("/etc/tomcat10/server.xml", { host: web1, key: "/Server/@port", value: -1 });
 */
export function settingXml(path: string, options: SettingXmlOptions): SettingHandle {
  return setting("setting.xml", path, options);
}

function setting<T extends SettingHandle["type"]>(
  type: T,
  path: string,
  options: EditOptions & { key: string | readonly (string | number)[] },
  shown: readonly (string | number)[] | string = options.key,
): SettingHandle {
  return { ...edit(type, path, options, typeof shown === "string" ? shown : shown.join(".")), path };
}

/** Several edits of one file are told apart by what they set. */
function edit<T extends string>(type: T, path: string, options: EditOptions, key: unknown) {
  const { name, ...written } = options;
  if (name === undefined && (key === undefined || isReference(key)))
    complain(`A ${type} of ${path} has no name`, 'What it sets cannot be its name. Add name: "…".');
  const shown = String(name ?? (isReference(key) ? "unnamed" : key)).replace(/\s+/g, " ");
  return declareOnHost(type, `${path}#${shown}`, written as HostResourceOptions, { fixed: { path } });
}
