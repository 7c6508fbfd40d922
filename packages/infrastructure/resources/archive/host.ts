import type { ResourceReader } from "../type.ts";
import type { ArchiveObserved, ArchiveProperties, Unpacked } from "./definition.ts";

const reader: ResourceReader<ArchiveProperties, ArchiveObserved> = {
  read: (resources, { files, noted }) =>
    Promise.all(
      resources.map(async ({ address, properties }): Promise<ArchiveObserved> => {
        const { path, source, creates } = properties;
        const [archive, found] = await Promise.all([files.stat(source), files.stat(path)]);
        return {
          sha256: archive?.kind === "file" ? await files.digest(source) : undefined,
          destination: found ? (found.kind === "directory" ? "directory" : "other") : "absent",
          created: creates === undefined || (await files.stat(creates)) !== undefined,
          unpacked: noted(address) as Unpacked | undefined,
        };
      }),
    ),
};
export default reader;
