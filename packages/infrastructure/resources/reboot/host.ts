import { triggersOf } from "../running.ts";
import type { ResourceReader } from "../type.ts";
import type { RebootObserved, RebootProperties } from "./definition.ts";

const reader: ResourceReader<RebootProperties, RebootObserved> = {
  read: (resources, { files, pending }) =>
    Promise.all(
      resources.map(async ({ address, properties }) => ({
        asked: properties.onFile !== undefined && (await files.stat(properties.onFile)) !== undefined,
        pending: pending(address, triggersOf(properties)),
      })),
    ),
};
export default reader;
