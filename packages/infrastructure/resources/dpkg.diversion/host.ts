import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { DpkgDiversionObserved, DpkgDiversionProperties } from "./definition.ts";

const reader: ResourceReader<DpkgDiversionProperties, DpkgDiversionObserved> = {
  async read(resources, host) {
    // Three lines each: path, where to, by whom (":" for the administrator).
    const lines = ((await findText("/var/lib/dpkg/diversions", host)) ?? "").split("\n");
    const diverted = new Map<string, { to: string; by: string }>();
    for (let index = 0; index + 2 < lines.length; index += 3)
      diverted.set(lines[index] ?? "", { to: lines[index + 1] ?? "", by: lines[index + 2] ?? "" });
    return resources.map(({ address, properties: { path } }) => ({
      ...diverted.get(path),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;
