import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";

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
