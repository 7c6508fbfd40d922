import type { ResourceReader } from "../type.ts";
import type { HardlinkObserved, HardlinkProperties } from "./definition.ts";

const reader: ResourceReader<HardlinkProperties, HardlinkObserved> = {
  read: (resources, { files, isOurs }) =>
    Promise.all(
      resources.map(async ({ address, properties }) => {
        const [found, target] = await Promise.all([
          files.stat(properties.path),
          files.stat(properties.target),
        ]);
        return {
          kind: found?.kind ?? "absent",
          target: target ? (target.kind === "file" ? "file" : "other") : "absent",
          same: found !== undefined && target !== undefined && found.identity === target.identity,
          ours: isOurs(address),
        };
      }),
    ),
};
export default reader;
