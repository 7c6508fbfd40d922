import type { Address } from "@havn/model";
import { copiesOf, listCopies } from "../../host/copies.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { FileObserved, FileProperties } from "./definition.ts";

const largestText = 4 * 1024 * 1024;

const reader: ResourceReader<FileProperties, FileObserved> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ address, properties }) => readOne(address, properties, host))),
};
export default reader;

async function readOne(address: Address, properties: FileProperties, host: HostReads): Promise<FileObserved> {
  const { path, backup } = properties;
  const copies = backup
    ? {
        directory: copiesOf(host.copies, path),
        any: !host.isOurs(address) && (await hasCopies(copiesOf(host.copies, path))),
      }
    : undefined;
  const found = await host.files.stat(path);
  if (!found) return { kind: "absent", ...(copies && { copies }) };
  if (found.kind === "directory") return { kind: "directory" };
  const { owner, group, mode } = found;
  const rest = { owner, group, mode, ...(copies && { copies }) };
  if (found.kind !== "file") return { kind: found.kind, ...rest };
  if (properties.base64 === undefined && !properties.source && !properties.touch)
    return { kind: "file", content: await readText(path, found.size, host), ...rest };
  // Bytes are compared by digest, and not at all where any content will do.
  return {
    kind: "file",
    content: undefined,
    ...(!properties.touch && { digest: await host.files.digest(path), size: found.size }),
    ...rest,
  };
}

const hasCopies = async (directory: string): Promise<boolean> => (await listCopies(directory)).length > 0;

async function readText(path: string, size: number, { files }: HostReads): Promise<string | undefined> {
  if (size > largestText) return undefined;
  const bytes = await files.read(path);
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
}
