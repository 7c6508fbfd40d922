import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

export interface FileWatch extends Disposable {
  /** The paths to watch from now on. One that ends in a slash: every name in that directory counts. */
  set(paths: Iterable<string>): void;
  stats(): { directories: number; unwatched: number };
}

interface Directory {
  watcher: FSWatcher | undefined;
  /** Names of watched files in it. */
  files: Set<string>;
  /** Names in it that lead on to watched directories. */
  ways: Set<string>;
  /** Every name counts. */
  every: boolean;
  noise: { second: number; events: number };
}

/** The kernel holds about 1 KiB for each. */
const mostDirectories = 4096;
/** Of events that concern nobody, a second, in one directory; past it the directory is left alone for a while. */
const mostNoise = 2000;
const noisyForMs = 60_000;

/**
 * Tells of changes by the directories that hold what is watched, so that a file that is replaced by renaming, removed, or
 * not there yet is seen like any other. All directories above are watched too, for what leads to a watched file may go
 * and come as a whole. `onChange` gets paths as they were given; it may be called for a file that did not change.
 */
export function watchFiles(options: {
  onChange(paths: readonly string[]): void;
  log(message: string): void;
}): FileWatch {
  const directories = new Map<string, Directory>();
  let wanted = new Set<string>();
  let refused = 0;
  let told = false;
  let closed = false;

  function open(path: string, directory: Directory): void {
    directory.watcher?.close();
    directory.watcher = undefined;
    if (closed) return;
    try {
      const watcher = watch(path, { persistent: false }, (event, name) => heard(path, event, name));
      watcher.on("error", () => watcher.close());
      directory.watcher = watcher;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // What is not there yet is seen from the directory above it.
      if (code === "ENOENT" || code === "ENOTDIR") return;
      refused += 1;
      if (!told) options.log(`Some files are not watched, and looked at from time to time: ${error}`);
      told = true;
    }
  }

  function heard(path: string, event: string, name: string | null): void {
    const directory = directories.get(path);
    if (!directory || closed) return;
    const changed: string[] = [];
    if (name !== null && directory.files.has(name)) changed.push(join(path, name));
    if (directory.every) changed.push(`${path}/`);
    // Of a directory on the way only that it comes or goes counts, not what is written in it.
    if (event === "rename" && name !== null && directory.ways.has(name))
      changed.push(...reopen(join(path, name)));
    // The directory itself went or was moved: the one above tells of it, except where that is not watched.
    if (changed.length > 0) options.onChange(changed);
    else quieten(path, directory);
  }

  /** What leads to watched files has come, gone or become another. Gives all that lies below. */
  function reopen(path: string): string[] {
    for (const [one, directory] of directories)
      if (one === path || one.startsWith(`${path}/`)) open(one, directory);
    return [...wanted].filter((one) => one.startsWith(`${path}/`));
  }

  /** A directory in which others write all the time must not cost the host more than looking would. */
  function quieten(path: string, directory: Directory): void {
    const second = Math.floor(performance.now() / 1000);
    if (directory.noise.second !== second) directory.noise = { second, events: 0 };
    directory.noise.events += 1;
    if (directory.noise.events < mostNoise) return;
    directory.watcher?.close();
    directory.watcher = undefined;
    setTimeout(() => {
      if (directories.get(path) !== directory) return;
      open(path, directory);
      options.onChange([...wanted].filter((one) => one.startsWith(`${path}/`)));
    }, noisyForMs).unref();
  }

  return {
    set(paths) {
      wanted = new Set(paths);
      const needed = neededDirectories(wanted);
      for (const [path, { watcher }] of directories)
        if (!needed.has(path)) {
          watcher?.close();
          directories.delete(path);
        }
      refused = 0;
      for (const [path, { files, ways, every }] of needed) {
        const known = directories.get(path);
        const directory = {
          ...{ files, ways, every, watcher: known?.watcher },
          noise: known?.noise ?? { second: 0, events: 0 },
        };
        if (!known && directories.size >= mostDirectories) {
          refused += 1;
          continue;
        }
        directories.set(path, directory);
        if (!directory.watcher) open(path, directory);
      }
    },
    stats: () => ({
      directories: [...directories.values()].filter(({ watcher }) => watcher).length,
      unwatched: refused,
    }),
    [Symbol.dispose]() {
      closed = true;
      for (const { watcher } of directories.values()) watcher?.close();
      directories.clear();
    },
  };
}

/** Every directory on the way to each path, those nearest to the root first. */
export function neededDirectories(
  paths: Iterable<string>,
): Map<string, { files: Set<string>; ways: Set<string>; every: boolean }> {
  const needed = new Map<string, { files: Set<string>; ways: Set<string>; every: boolean }>();
  const at = (path: string) => {
    const known = needed.get(path) ?? { files: new Set<string>(), ways: new Set<string>(), every: false };
    needed.set(path, known);
    return known;
  };
  for (const path of paths) {
    const every = path.endsWith("/");
    const own = every ? path.slice(0, -1) : path;
    if (own === "") continue;
    if (every) at(own).every = true;
    else at(dirname(own)).files.add(basename(own));
    for (let child = every ? own : dirname(own); child !== "/"; child = dirname(child))
      at(dirname(child)).ways.add(basename(child));
  }
  const depth = (path: string) => (path === "/" ? 0 : path.split("/").length);
  return new Map([...needed].sort(([a], [b]) => depth(a) - depth(b)));
}

const join = (directory: string, name: string): string =>
  directory === "/" ? `/${name}` : `${directory}/${name}`;
