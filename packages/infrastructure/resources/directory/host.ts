import type { Address } from "@havn/model";
import type { HostReads, ResourceReader } from "../type.ts";
import type { Child, DirectoryObserved, DirectoryProperties } from "./definition.ts";

const reader: ResourceReader<DirectoryProperties, DirectoryObserved> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ address, properties }) => readOne(properties, address, host))),
};
export default reader;

async function readOne(
  properties: DirectoryProperties,
  address: Address,
  host: HostReads,
): Promise<DirectoryObserved> {
  const { path, purge, recurse, fileMode, directoryMode } = properties;
  const found = await host.files.stat(path);
  if (!found) return { kind: "absent" };
  if (found.kind !== "directory") return { kind: "other" };
  const { owner, group, mode } = found;
  const looksBelow = purge || recurse || fileMode !== undefined || directoryMode !== undefined;
  return {
    kind: "directory",
    ours: host.isOurs(address),
    ...(looksBelow && { below: await readBelow(path, host) }),
    owner,
    group,
    mode,
  };
}

/** One after the other: a large tree must not open everything at once. Links are not followed. */
async function readBelow(path: string, { files }: HostReads): Promise<Child[]> {
  const children: Child[] = [];
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const name of await files.list(folder)) {
      const child = `${folder === "/" ? "" : folder}/${name}`;
      const found = await files.stat(child);
      if (!found) continue;
      const { kind, owner, group, mode } = found;
      children.push({ path: child, kind, owner, group, mode });
      if (kind === "directory") folders.push(child);
    }
  return children;
}
