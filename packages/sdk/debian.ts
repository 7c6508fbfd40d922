import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface AlternativesOptions extends HostResourceOptions {
  /**
   * The program to be used.
   * @example path: "/usr/bin/vim.basic"
   */
  path: string;
  /**
   * Generic path: makes `path` an alternative, where no package has done so.
   * @example link: "/usr/bin/java"
   */
  link?: string;
  /**
   * Priority of `path`, where it is made an alternative. Default: 50.
   * @example priority: 100
   */
  priority?: number;
}

/** A choice between programs that do the same. */
export interface AlternativesHandle extends Handle {
  readonly type: "alternatives";
}

/**
 * Which of several programs is used under a generic name. When it is no longer declared the choice is as before.
 *
 * @example alternatives("editor", { host: web1, path: "/usr/bin/vim.basic", dependsOn: vim });
 */
export function alternatives(name: string, options: AlternativesOptions): AlternativesHandle {
  return declareOnHost("alternatives", name, options, { fixed: { name } });
}

export interface DpkgDiversionOptions extends HostResourceOptions {
  /**
   * Where packages put the file instead. Default: PATH.distrib.
   * @example to: "/usr/sbin/sendmail.real"
   */
  to?: string;
  /**
   * True: packages put it in its place again. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file that packages put elsewhere. */
export interface DpkgDiversionHandle extends Handle {
  readonly type: "dpkg.diversion";
}

/**
 * Lets packages put a file elsewhere, so that one of your own can stand in its place. The file that is there moves.
 *
 * @example dpkgDiversion("/usr/sbin/sendmail", { host: web1, to: "/usr/sbin/sendmail.real" });
 */
export function dpkgDiversion(path: string, options: DpkgDiversionOptions): DpkgDiversionHandle {
  return declareOnHost("dpkg.diversion", path, options, { fixed: { path } });
}

export interface PackageRepositoryOptions extends HostResourceOptions {
  /**
   * Where the archive is.
   * @example uris: ["https://apt.example.org/debian"]
   */
  uris: readonly string[];
  /**
   * Distributions, or a path that ends with "/".
   * @example suites: ["bookworm"]
   */
  suites: readonly string[];
  /**
   * Parts of a distribution; none where the suite is a path. Default: none.
   * @example components: ["main"]
   */
  components?: readonly string[];
  /**
   * Binary packages, source packages or both. Default: ["deb"].
   * @example types: ["deb", "deb-src"]
   */
  types?: readonly ("deb" | "deb-src")[];
  /**
   * For which processors. Default: the host's own.
   * @example architectures: ["amd64"]
   */
  architectures?: readonly string[];
  /**
   * The archive's public key, armoured. Take it from disk with readFileSync.
   * @example key: readFileSync("keys/example.asc", "utf8")
   */
  key?: Text;
  /**
   * File on the host that holds the key, in place of `key`.
   * @example keyFile: "/usr/share/keyrings/example.gpg"
   */
  keyFile?: string;
  /**
   * sha256 that the key must have; anything else is refused. Default: not checked.
   * @example keyDigest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
   */
  keyDigest?: string;
}

/** An archive of Debian packages. */
export interface PackageRepositoryHandle extends Handle {
  readonly type: "package.repository";
}

/**
 * An archive that apt takes packages from, and the key that signs it: a file in /etc/apt/sources.list.d (deb822) and
 * one in /etc/apt/keyrings. Its lists are fetched at once. Let packages from it depend on it.
 *
 * @example
 * const archive = packageRepository("example", {
 *   host: web1, uris: ["https://apt.example.org/debian"], suites: ["bookworm"], components: ["main"],
 *   key: readFileSync("keys/example.asc", "utf8"),
 * });
 */
export function packageRepository(name: string, options: PackageRepositoryOptions): PackageRepositoryHandle {
  return declareOnHost("package.repository", name, options, { fixed: { name } });
}
