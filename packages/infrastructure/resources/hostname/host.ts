import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { HostnameObserved, HostnameProperties } from "./definition.ts";

const reader: ResourceReader<HostnameProperties, HostnameObserved> = {
  async read(resources, host) {
    const [stored = "", live = ""] = await Promise.all([
      findText("/etc/hostname", host),
      findText("/proc/sys/kernel/hostname"),
    ]);
    return resources.map(({ address }): HostnameObserved => {
      const before = host.before(address);
      return { stored: stored.trim(), live: live.trim(), ...(typeof before === "string" && { before }) };
    });
  },
};
export default reader;
