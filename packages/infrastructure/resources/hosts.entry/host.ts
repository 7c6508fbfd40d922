import { findLines } from "../lines.ts";
import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import { entryPattern, type HostsEntryObserved, type HostsEntryProperties } from "./definition.ts";

const reader: ResourceReader<HostsEntryProperties, HostsEntryObserved> = {
  async read(resources, host) {
    const text = (await findText("/etc/hosts", host)) ?? "";
    return resources.map(({ address, properties }) => ({
      lines: findLines(text, entryPattern(properties)),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;
