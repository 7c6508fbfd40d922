import type { ResourceReader } from "../type.ts";
import type { SymlinkObserved, SymlinkProperties } from "./definition.ts";

const reader: ResourceReader<SymlinkProperties, SymlinkObserved> = {
  read: (resources, { files, before }) =>
    Promise.all(
      resources.map(async ({ address, properties: { path } }): Promise<SymlinkObserved> => {
        const found = await files.stat(path);
        if (!found) return { kind: "absent" };
        if (found.kind !== "link") return { kind: found.kind };
        const { owner, group, mode } = found;
        const target = await files.target(path);
        return {
          kind: "link",
          target,
          owner,
          group,
          mode,
          before: before(address) as { target: string | null },
        };
      }),
    ),
};
export default reader;
