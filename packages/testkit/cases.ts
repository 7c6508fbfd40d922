import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface CaseFile {
  /** Path below the folder, without its extension: what the test is called. */
  name: string;
  path: string;
  text: string;
}

/**
 * The case files of a folder and all below it, sorted by name; read at once, so that tests can be declared in a loop.
 * `extension` (".test") leaves others out. Throws where there are none: a loop over nothing is a test that cannot fail.
 */
export function caseFiles(folder: URL | string, extension = ""): CaseFile[] {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new Error(`No case files${extension && ` *${extension}`} in ${root}`);
  return files.map((path) => ({
    name: path.slice(root.replace(/\/*$/, "/").length).replace(/\.[^./]+$/, ""),
    path,
    text: readFileSync(path, "utf8"),
  }));
}
