import { HavnError } from "@havn/model";
import { findProjectEntry, type ProjectEntry } from "./files.ts";

const mebibyte = 1024 * 1024;
/** Content travels inside the graph up to here; what is larger travels beside it, once, named by its digest. */
const largestInGraph = 4 * mebibyte;
const largestFile = 1024 * mebibyte;
const mostFiles = 1000;

/**
 * As properties of a file: text as text, so that plans show what differs in it; all else as base64; what is large by its
 * place, until the command line fills in its digest.
 */
export type SourceContent =
  | { content: string }
  | { base64: string }
  | { source: { path: string; size: number; digest: string } };

/** A file or folder below `source`, its path relative to that. Folders stand before what is in them. */
export type SourceEntry =
  | { kind: "directory"; path: string }
  | { kind: "file"; path: string; executable: boolean; content: SourceContent };

/** What stands in a file beside the configuration. Throws a HavnError (400) where there is none, or too much. */
export function readFileSource(source: string): SourceContent {
  const entry = find(source);
  if (entry.kind === "file") return contentOf(source, entry);
  throw new HavnError(`"${source}" is a folder`, {
    detail: "Declare it with directory(path, { source }), which brings everything in it.",
    status: 400,
  });
}

/** Everything in a folder beside the configuration, sorted by path. */
export function readFolderSource(source: string): SourceEntry[] {
  const found: SourceEntry[] = [];
  const walk = (inside: string): void => {
    const path = inside === "" ? source : `${source}/${inside}`;
    const entry = find(path);
    if (entry.kind === "file") {
      if (inside === "")
        throw new HavnError(`"${source}" is a file`, {
          detail: "Declare it with file(path, { source }).",
          status: 400,
        });
      const { executable } = entry;
      found.push({ kind: "file", path: inside, executable, content: contentOf(path, entry) });
    } else {
      if (inside !== "") found.push({ kind: "directory", path: inside });
      for (const name of entry.names.toSorted()) walk(inside === "" ? name : `${inside}/${name}`);
    }
    if (found.length > mostFiles)
      throw new HavnError(`"${source}" holds more than ${mostFiles} files`, {
        detail: "Pack them, put the archive where the hosts can fetch it, and declare download and archive.",
        status: 400,
      });
  };
  walk("");
  return found;
}

function find(path: string): ProjectEntry {
  const entry = findProjectEntry(path, largestInGraph);
  if (entry) return entry;
  throw new HavnError(`There is no file "${path}"`, {
    detail: "Paths are relative to the configuration. Correct the path, or make the file.",
    status: 400,
  });
}

function contentOf(path: string, { bytes, size }: ProjectEntry & { kind: "file" }): SourceContent {
  if (size > largestFile)
    throw new HavnError(`"${path}" is larger than ${largestFile / mebibyte} MiB (${size} bytes)`, {
      detail: "Put it where the hosts can fetch it, and declare download with its sha256.",
      status: 400,
    });
  if (bytes === undefined) return { source: { path, size, digest: "" } };
  try {
    const content = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!content.includes("\0")) return { content };
  } catch {
    // No text: its bytes are taken as they are.
  }
  return { base64: Buffer.from(bytes).toString("base64") };
}
