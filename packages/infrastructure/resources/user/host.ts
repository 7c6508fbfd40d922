import { readColons } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { UserObserved, UserProperties } from "./definition.ts";

const reader: ResourceReader<UserProperties, UserObserved> = {
  async read(resources, host) {
    const [passwd, group, shadow] = await Promise.all(
      ["passwd", "group", "shadow"].map((name) => readColons(`/etc/${name}`, host)),
    );
    const groups = [...(group ?? [])].map(([name, row]) => ({
      name,
      gid: row[2],
      members: new Set(row[3]?.split(",")),
    }));
    return resources.map(({ address, properties: { name } }): UserObserved => {
      const row = passwd?.get(name);
      if (!row) return { kind: "absent", ownGroup: group?.has(name) ?? false };
      const [, , uid, gid = "", comment = "", home = "", shell = ""] = row;
      const password = shadow?.get(name)?.[1] ?? "";
      return {
        kind: "present",
        ours: host.isOurs(address),
        uid: Number(uid),
        group: groups.find((one) => one.gid === gid)?.name ?? gid,
        groups: groups.filter(({ members }) => members.has(name)).map((one) => one.name),
        comment,
        home,
        shell,
        passwordHash: password.replace(/^!+|^\*$/, ""),
        locked: /^[!*]/.test(password),
      };
    });
  },
};
export default reader;
