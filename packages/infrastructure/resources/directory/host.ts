import { lstat } from "node:fs/promises";
import type { Address } from "@havn/model";
import { readAttributes } from "../read-attributes.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { DirectoryObserved, DirectoryProperties } from "./definition.ts";

const reader: ResourceReader<DirectoryProperties, DirectoryObserved> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ address, properties }) => readOne(properties.path, address, host))),
};
export default reader;

async function readOne(path: string, address: Address, host: HostReads): Promise<DirectoryObserved> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return { kind: "absent" };
  if (!found.isDirectory()) return { kind: "other" };
  return { kind: "directory", ours: host.isOurs(address), ...(await readAttributes(found, host)) };
}
