import { type Dependency, type Handle, isHandle, listOf } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

interface AfterOptions {
  /**
   * Only after one of these has changed, also when an earlier try failed in between.
   * @example on: [settings]
   */
  on?: Dependency | readonly Dependency[];
}

interface GuardOptions extends AfterOptions {
  /**
   * It is done where this path is there.
   * @example creates: "/usr/local/bin/tool"
   */
  creates?: string;
  /**
   * It is done where this path is not there.
   * @example removes: "/etc/legacy.conf"
   */
  removes?: string;
  /**
   * It is done where this command, which must change nothing, succeeds.
   * @example unless: ["getent", "passwd", "app"]
   */
  unless?: readonly string[];
  /**
   * It is to be done only where this command, which must change nothing, succeeds.
   * @example onlyIf: ["test", "-e", "/dev/sdb"]
   */
  onlyIf?: readonly string[];
}

interface ExecutionOptions extends HostResourceOptions, GuardOptions {
  /**
   * Who runs it. Default: the agent's user (root).
   * @example user: "postgres"
   */
  user?: string;
  /**
   * The folder that it runs in. Default: "/".
   * @example cwd: "/srv/app"
   */
  cwd?: string;
  /**
   * Further variables: the place for secrets. Default: none.
   * @example env: { TOKEN: secret("deploy-token") }
   */
  env?: Record<string, Text>;
  /**
   * After it, the command and all that it started are killed. Default: "5m".
   * @example timeout: "30s"
   */
  timeout?: string;
  /**
   * Exit codes that mean success. Default: [0].
   * @example exitCodes: [0, 2]
   */
  exitCodes?: readonly number[];
}

export interface CommandOptions extends ExecutionOptions {
  /**
   * Program and arguments; no shell reads them.
   * @example command: ["make", "install"]
   */
  command: readonly Text[];
  /**
   * What it reads. Default: nothing.
   * @example stdin: "yes\n"
   */
  stdin?: Text;
}

/** A command that runs on a host. */
export interface CommandHandle extends Handle {
  readonly type: "command";
}

/**
 * A command. Give it a guard (creates, removes, unless, onlyIf, on): without one it runs with every apply, and every plan
 * says so. Prefer a type of its own for whatever has one: that can be compared, planned and taken back.
 *
 * @example command("build tool", { host: web1, command: ["make", "install"], cwd: "/src", creates: "/usr/local/bin/tool" });
 */
export function command(name: string, options: CommandOptions): CommandHandle {
  return declareOnHost("command", name, options, after(options));
}

export interface ScriptOptions extends ExecutionOptions {
  /**
   * The whole script. It reaches the host as a file that only its user may read.
   * @example content: readFileSync(new URL("setup.sh", import.meta.url), "utf8")
   */
  content: Text;
  /**
   * What runs it; its path is added. Default: ["/bin/sh", "-eu"].
   * @example interpreter: ["python3"]
   */
  interpreter?: readonly string[];
}

/** A script that runs on a host. */
export interface ScriptHandle extends Handle {
  readonly type: "script";
}

/**
 * A script. Guards are as those of a command.
 *
 * @example script("join cluster", { host: db1, content: "patronictl …\n", unless: ["patronictl", "list"] });
 */
export function script(name: string, options: ScriptOptions): ScriptHandle {
  const { fixed, uses } = after(options);
  return declareOnHost("script", name, options, { fixed: { ...fixed, name }, uses });
}

export interface HttpRequestOptions extends HostResourceOptions, AfterOptions {
  /**
   * Where it is sent to, by the host itself.
   * @example url: "http://127.0.0.1:9200/_index_template/logs"
   */
  url: Text;
  /**
   * Default: "GET".
   * @example method: "PUT"
   */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Default: none.
   * @example headers: { "content-type": "application/json" }
   */
  headers?: Record<string, Text>;
  /**
   * What is sent. Default: nothing.
   * @example body: JSON.stringify({ index_patterns: ["logs-*"] })
   */
  body?: Text;
  /**
   * Answers that mean success. Default: [200, 201, 202, 204].
   * @example status: [200]
   */
  status?: readonly number[];
  /**
   * How long the other side may be silent. Default: "30s".
   * @example timeout: "5s"
   */
  timeout?: string;
  /**
   * It is done where this URL answers so.
   * @example unless: { url: "http://127.0.0.1:9200/_index_template/logs" }
   */
  unless?: { url: Text; status?: number; contains?: string };
}

/** A request that a host sends. */
export interface HttpRequestHandle extends Handle {
  readonly type: "http";
}

/**
 * A request over HTTP, sent by the host. One that changes something should have a guard (unless, on).
 *
 * @example httpRequest("log template", { host: db1, method: "PUT", url, body, unless: { url } });
 */
export function httpRequest(name: string, options: HttpRequestOptions): HttpRequestHandle {
  return declareOnHost("http", name, options, after(options));
}

interface ProbeOptions extends HostResourceOptions {
  /**
   * Something listens on a port. Default host: the host itself.
   * @example port: { port: 5432 }
   */
  port?: { port: number; host?: Text };
  /**
   * A file or directory is there, holds something that a regular expression finds, or is not there.
   * @example file: { path: "/run/app.ready" }
   */
  file?: { path: string; contains?: string; absent?: boolean };
  /**
   * A URL answers, with 200 unless another status is given.
   * @example http: { url: "http://127.0.0.1:8080/healthz" }
   */
  http?: { url: Text; status?: number; contains?: string };
  /**
   * A command, which must change nothing, succeeds.
   * @example command: { command: ["pg_isready"] }
   */
  command?: { command: readonly string[]; user?: string };
}

export interface WaitForOptions extends ProbeOptions {
  /**
   * How long at most; then it has failed. Default: "1m".
   * @example timeout: "5m"
   */
  timeout?: string;
  /**
   * How often it looks. Default: "500ms".
   * @example interval: "2s"
   */
  interval?: string;
}

/** A pause until something is so. */
export interface WaitForHandle extends Handle {
  readonly type: "wait";
}

/**
 * Waits until exactly one thing is so: a port, a file, a URL or a command. What depends on it comes after.
 *
 * @example waitFor("database answers", { host: db1, port: { port: 5432 }, dependsOn: [server] });
 */
export function waitFor(name: string, options: WaitForOptions): WaitForHandle {
  return declareOnHost("wait", name, options);
}

export interface AssertionOptions extends ProbeOptions {
  /**
   * What a person is told when it is not so, and what to do. Default: what was asserted.
   * @example message: "Only Debian 12 is known here: upgrade the host first"
   */
  message?: string;
}

/** Something that must be so. */
export interface AssertionHandle extends Handle {
  readonly type: "assert";
}

/**
 * Something that must be so before what depends on it is done. It changes nothing.
 *
 * @example assertion("debian 12", { host: web1, file: { path: "/etc/debian_version", contains: "^12" } });
 */
export function assertion(name: string, options: AssertionOptions): AssertionHandle {
  return declareOnHost("assert", name, options);
}

export interface RebootOptions extends HostResourceOptions, AfterOptions {
  /**
   * It reboots where this file is there.
   * @example onFile: "/run/reboot-required"
   */
  onFile?: string;
}

/** A reboot when something asks for it. */
export interface RebootHandle extends Handle {
  readonly type: "reboot";
}

/**
 * Reboots a host within an apply when something asks for it, and goes on behind it once its agent is back. Drift alone
 * never reboots a host.
 *
 * @example reboot("after kernel settings", { host: web1, on: [grub] });
 */
export function reboot(name: string, options: RebootOptions): RebootHandle {
  return declareOnHost("reboot", name, options, after(options));
}

const after = ({ on }: AfterOptions) => ({
  fixed: { on: listOf(on).map((one) => (isHandle(one) ? one.resource : one)) },
  uses: listOf(on),
});
