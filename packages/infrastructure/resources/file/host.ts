import { lstat, readFile } from "node:fs/promises";
import { readAttributes } from "../read-attributes.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { FileObserved, FileProperties } from "./definition.ts";

const largestText = 4 * 1024 * 1024;

const reader: ResourceReader<FileProperties, FileObserved> = {
  read: (resources, host) => Promise.all(resources.map(({ properties }) => readOne(properties.path, host))),
};
export default reader;

async function readOne(path: string, host: HostReads): Promise<FileObserved> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (!found) return { kind: "absent" };
  if (found.isDirectory()) return { kind: "directory" };
  const attributes = await readAttributes(found, host);
  if (found.isSymbolicLink()) return { kind: "link", ...attributes };
  if (!found.isFile()) return { kind: "other", ...attributes };
  return {
    kind: "file",
    content: found.size > largestText ? undefined : await readText(path),
    ...attributes,
  };
}

async function readText(path: string): Promise<string | undefined> {
  const bytes = await readFile(path);
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
}
