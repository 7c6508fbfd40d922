import type { ResourceReader } from "../type.ts";
import type { DownloadObserved, DownloadProperties } from "./definition.ts";

const reader: ResourceReader<DownloadProperties, DownloadObserved> = {
  read: (resources, { files }) =>
    Promise.all(
      resources.map(async ({ properties: { path } }): Promise<DownloadObserved> => {
        const found = await files.stat(path);
        if (!found) return { kind: "absent" };
        if (found.kind !== "file") return { kind: found.kind };
        const { owner, group, mode } = found;
        return { kind: "file", sha256: await files.digest(path), owner, group, mode };
      }),
    ),
};
export default reader;
