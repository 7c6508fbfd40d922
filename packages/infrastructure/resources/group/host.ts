import { readColons } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { GroupObserved, GroupProperties } from "./definition.ts";

const reader: ResourceReader<GroupProperties, GroupObserved> = {
  async read(resources, host) {
    const groups = await readColons("/etc/group", host);
    return resources.map(({ address, properties: { name } }): GroupObserved => {
      const row = groups.get(name);
      if (!row) return { kind: "absent" };
      const members = (row[3] ?? "").split(",").filter((member) => member !== "");
      return { kind: "present", ours: host.isOurs(address), gid: Number(row[2]), members };
    });
  },
};
export default reader;
