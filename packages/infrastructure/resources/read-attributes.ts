import type { Stats } from "node:fs";
import type { Attributes, HostReads } from "./type.ts";

export async function readAttributes(found: Stats, host: HostReads): Promise<Required<Attributes>> {
  return {
    owner: await host.userName(found.uid),
    group: await host.groupName(found.gid),
    mode: (found.mode & 0o7777).toString(8).padStart(4, "0"),
  };
}
