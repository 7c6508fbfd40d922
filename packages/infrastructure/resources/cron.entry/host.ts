import { readOwnFile } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import { type CronEntryObserved, type CronEntryProperties, entryPath } from "./definition.ts";

const reader: ResourceReader<CronEntryProperties, CronEntryObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties }) => ({
        file: await readOwnFile(entryPath(properties.name), host),
        ours: host.isOurs(address),
      })),
    ),
};
export default reader;
