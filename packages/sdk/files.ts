import { HavnError } from "@havn/model";

/** The files of the project that a configuration belongs to; who evaluates it hands them over. */
export interface ProjectFiles {
  /**
   * Text of the file at a path relative to the configuration; undefined where there is none. Throws what the reading
   * throws.
   */
  read(path: string): string | undefined;
  /** What stands at a path relative to the configuration; undefined where nothing does. Bytes of at most `most`. */
  look(path: string, most: number): ProjectEntry | undefined;
  /** The path as the user would type it. */
  shown(path: string): string;
}

/** Links are followed. `bytes` is undefined for a file that is larger than was asked for. */
export type ProjectEntry =
  | { kind: "file"; size: number; executable: boolean; bytes: Uint8Array | undefined }
  | { kind: "directory"; names: string[] };

let files: ProjectFiles | undefined;

/** Called before a configuration is imported. */
export function openProjectFiles(given: ProjectFiles | undefined): void {
  files = given;
}

/** As the user would type it. */
export const shownPath = (path: string): string => files?.shown(path) ?? path;

/** Undefined where there is no such file. */
export const findProjectFile = (path: string): string | undefined => opened(path).read(path);

/** Undefined where nothing stands there. */
export const findProjectEntry = (path: string, most: number): ProjectEntry | undefined =>
  opened(path).look(path, most);

function opened(path: string): ProjectFiles {
  if (files) return files;
  throw new HavnError(`"${path}" cannot be read here`, {
    detail: "Files are read while Havn evaluates a configuration. Import what you need instead.",
    status: 400,
  });
}

/** `what` says what the file is to be: "encrypted file". Throws a HavnError (400) where there is none. */
export function readProjectFile(path: string, what: string): string {
  const text = findProjectFile(path);
  if (text !== undefined) return text;
  throw new HavnError(`There is no ${what} "${path}"`, {
    detail: "Paths are relative to the configuration. Correct the path, or make the file.",
    status: 400,
  });
}
