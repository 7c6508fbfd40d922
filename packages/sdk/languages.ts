import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";

export interface PipPackageOptions extends HostResourceOptions {
  /**
   * Virtual environment, which is made if it is not there.
   * @example environment: "/opt/tools"
   */
  environment: string;
  /**
   * Exactly this version. Default: whichever is installed, or the newest.
   * @example version: "3.2.1"
   */
  version?: string;
  /**
   * Package index, without a password in it. Default: pip's own.
   * @example index: "https://pypi.example.org/simple"
   */
  index?: string;
  /**
   * Folder of packages on the host, used in place of an index.
   * @example wheels: "/srv/wheels"
   */
  wheels?: string;
  /**
   * Interpreter of a new environment. Default: "/usr/bin/python3".
   * @example python: "/usr/bin/python3.11"
   */
  python?: string;
  /**
   * True: the package must not be installed. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A Python package in a virtual environment. */
export interface PipPackageHandle extends Handle {
  readonly type: "pip.package";
}

/**
 * A Python package in a virtual environment. Needs the package python3-venv. When it is no longer declared it is
 * removed only if Havn installed it; the environment stays.
 *
 * @example pipPackage("httpie", { host: web1, environment: "/opt/tools", dependsOn: pkg("python3-venv", { host: web1 }) });
 */
export function pipPackage(name: string, options: PipPackageOptions): PipPackageHandle {
  return declareOnHost("pip.package", `${options.environment}:${name}`, options, { fixed: { name } });
}

export interface NpmPackageOptions extends HostResourceOptions {
  /**
   * Project to install it in. Default: the whole host.
   * @example directory: "/srv/app"
   */
  directory?: string;
  /**
   * Exactly this version. Default: whichever is installed, or the newest.
   * @example version: "5.1.0"
   */
  version?: string;
  /**
   * Package registry, without a password in it. Default: npm's own.
   * @example registry: "https://npm.example.org"
   */
  registry?: string;
  /**
   * True: the package must not be installed. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A package of Node's, for a whole host or in a project. */
export interface NpmPackageHandle extends Handle {
  readonly type: "npm.package";
}

/**
 * A package of Node's, for a whole host or in a project. Needs npm. When it is no longer declared it is removed only
 * if Havn installed it.
 *
 * @example npmPackage("pm2", { host: web1, version: "5.1.0", dependsOn: npm });
 */
export function npmPackage(name: string, options: NpmPackageOptions): NpmPackageHandle {
  const where = options.directory === undefined ? "" : `${options.directory}:`;
  return declareOnHost("npm.package", `${where}${name}`, options, { fixed: { name } });
}
