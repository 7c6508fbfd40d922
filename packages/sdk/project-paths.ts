import { dirname, join, resolve } from "node:path";
import type { PathContext } from "@havn/prometheus";
import { findProjectEntry, findProjectFile } from "./files.ts";

/** Paths are as the user would type them; the configuration's own folder is where files are found. */
export const projectPaths: PathContext = {
  read: (path) => findProjectFile(resolve(process.cwd(), path)),
  resolve: (path, from) => (path.startsWith("/") ? path : join(dirname(from), path)),
  absolute: (path, from) => resolve(process.cwd(), dirname(from), path),
  list(pattern, from) {
    const whole = this.resolve(pattern, from);
    const [folder, last] = [dirname(whole), whole.slice(whole.lastIndexOf("/") + 1)];
    if (!/[*?]/.test(last)) return this.read(whole) === undefined ? [] : [whole];
    const entry = findProjectEntry(resolve(process.cwd(), folder), 0);
    const fits = globOf(last);
    return entry?.kind === "directory"
      ? entry.names
          .filter((name) => fits.test(name))
          .sort()
          .map((name) => join(folder, name))
      : [];
  },
};

/** `*` and `?` as in a shell; a name that begins with a dot is meant only where the pattern says so. */
const globOf = (pattern: string) =>
  new RegExp(
    `^${pattern.startsWith(".") ? "" : "(?!\\.)"}${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*+/g, "[^/]*")
      .replaceAll("?", "[^/]")}$`,
  );
