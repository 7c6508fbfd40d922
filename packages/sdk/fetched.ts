import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

interface OwnerOptions {
  /**
   * Owner. Default: the agent's user (root) for what is new, else as it is.
   * @example owner: "www-data"
   */
  owner?: string;
  /**
   * Group. Default: the agent's group for what is new, else as it is.
   * @example group: "www-data"
   */
  group?: string;
}

export interface DownloadOptions extends HostResourceOptions, OwnerOptions {
  /**
   * Where the host fetches it from: http or https.
   * @example url: "https://example.org/tool-1.2.tar.gz"
   */
  url: Text;
  /**
   * What it must be, as sha256sum prints it. A file that is this already is not fetched again.
   * @example sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
   */
  sha256: string;
  /**
   * Permissions, octal. Default: "0644".
   * @example mode: "0755"
   */
  mode?: string;
  /**
   * Sent along, to the URL's own server only. Default: none.
   * @example headers: { authorization: text`Bearer ${secret("mirror-token")}` }
   */
  headers?: Record<string, Text>;
  /**
   * How long the server may be silent. Default: "1m".
   * @example timeout: "10s"
   */
  timeout?: string;
}

/** A file that the host fetches. */
export interface DownloadHandle extends Handle {
  readonly type: "download";
  readonly path: string;
}

/**
 * A file that the host fetches. It takes its place only when it is what its checksum says.
 *
 * @example download("/opt/tool.tar.gz", { host: web1, url: "https://example.org/tool.tar.gz", sha256: "9f86…" });
 */
export function download(path: string, options: DownloadOptions): DownloadHandle {
  return { ...declareOnHost("download", path, options, { fixed: { path } }), path };
}

export interface ArchiveOptions extends HostResourceOptions, OwnerOptions {
  /**
   * The archive on the host: a download, or a path.
   * @example source: tool
   */
  source: DownloadHandle | string;
  /**
   * Its format. Default: by its name's ending. How a tar is compressed is found out.
   * @example format: "zip"
   */
  format?: "tar" | "zip";
  /**
   * It counts as unpacked only while this path is there.
   * @example creates: "/opt/tool/bin/tool"
   */
  creates?: string;
  /**
   * How many leading parts of every name are left out. Default: 0.
   * @example strip: 1
   */
  strip?: number;
  /**
   * Names that are left out. Default: none.
   * @example exclude: ["*.md"]
   */
  exclude?: readonly string[];
}

/** An unpacked archive. */
export interface ArchiveHandle extends Handle {
  readonly type: "archive";
  readonly path: string;
}

/**
 * An archive (tar, compressed or not, or zip), unpacked into a directory: again when it is another archive.
 *
 * @example archive("/opt/tool", { host: web1, source: tool, strip: 1 });
 */
export function archive(path: string, options: ArchiveOptions): ArchiveHandle {
  const { source } = options;
  const file = typeof source === "object" ? source.path : source;
  const handle = declareOnHost("archive", path, options, { fixed: { path, source: file }, uses: [source] });
  return { ...handle, path };
}

export interface GitOptions extends HostResourceOptions {
  /**
   * Where it is cloned from: a URL or a path, as git takes it.
   * @example repository: "https://example.org/shop.git"
   */
  repository: Text;
  /**
   * A branch or tag, which is followed, or a whole commit, which nothing can move. Default: "HEAD".
   * @example revision: "v1.4.0"
   */
  revision?: string;
  /**
   * True: what was changed locally is thrown away. Default: false: it is drift, and left alone.
   * @example force: true
   */
  force?: boolean;
  /**
   * Who clones and owns it. Default: the agent's user (root).
   * @example user: "deploy"
   */
  user?: string;
}

/** A git checkout. */
export interface GitHandle extends Handle {
  readonly type: "git";
  readonly path: string;
}

/**
 * A git checkout at a branch, tag or commit. Needs the package git.
 *
 * @example git("/srv/dotfiles", { host: web1, repository: "https://example.org/dotfiles.git", revision: "v2" });
 */
export function git(path: string, options: GitOptions): GitHandle {
  return { ...declareOnHost("git", path, options, { fixed: { path } }), path };
}
