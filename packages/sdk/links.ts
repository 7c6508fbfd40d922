import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";

export interface SymlinkOptions extends HostResourceOptions {
  /**
   * Where it leads: an absolute path, or one from the link's folder. It need not be there.
   * @example target: "../sites-available/shop"
   */
  target?: string;
  /**
   * Owner of the link itself. Default: as it is.
   * @example owner: "deploy"
   */
  owner?: string;
  /**
   * Group of the link itself. Default: as it is.
   * @example group: "deploy"
   */
  group?: string;
  /**
   * True: a file that stands in its place is replaced. Default: false.
   * @example force: true
   */
  force?: boolean;
  /**
   * True: the link must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A symbolic link. */
export interface SymlinkHandle extends Handle {
  readonly type: "symlink";
  readonly path: string;
}

/**
 * A symbolic link. When it is no longer declared it goes, or leads where it led before.
 *
 * @example symlink("/etc/nginx/sites-enabled/shop", { host: web1, target: "../sites-available/shop" });
 */
export function symlink(path: string, options: SymlinkOptions): SymlinkHandle {
  return { ...declareOnHost("symlink", path, options, { fixed: { path } }), path };
}

export interface HardLinkOptions extends HostResourceOptions {
  /**
   * The file that it is another name of, on the same file system.
   * @example target: "/srv/data/current"
   */
  target: string;
  /**
   * True: another file that stands in its place is replaced. Default: false.
   * @example force: true
   */
  force?: boolean;
  /**
   * True: this name must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A second name of a file. */
export interface HardLinkHandle extends Handle {
  readonly type: "hardlink";
  readonly path: string;
}

/**
 * A second name of a file.
 *
 * @example hardLink("/srv/data/latest.db", { host: db1, target: "/srv/data/2026-11.db" });
 */
export function hardLink(path: string, options: HardLinkOptions): HardLinkHandle {
  return { ...declareOnHost("hardlink", path, options, { fixed: { path } }), path };
}
