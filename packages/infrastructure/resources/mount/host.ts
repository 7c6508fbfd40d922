import { realpath, stat } from "node:fs/promises";
import { parseFstab, unescapeOctal } from "../fstab.ts";
import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { MountObserved, MountProperties } from "./definition.ts";

const reader: ResourceReader<MountProperties, MountObserved> = {
  async read(resources, host) {
    const fstab = ((await findText("/etc/fstab", host)) ?? "").split("\n").map(parseFstab);
    const live = parseMountInfo((await findText("/proc/self/mountinfo")) ?? "");
    return Promise.all(
      resources.map(async ({ address, properties: { path, device } }): Promise<MountObserved> => {
        const before = host.before(address) as { directory: boolean } | undefined;
        return {
          fstab: fstab.find((entry) => entry?.path === path),
          live: live.get(path),
          device: await kernelName(device),
          directory: await stat(path).then(
            (found) => found.isDirectory(),
            () => false,
          ),
          ours: host.isOurs(address),
          ...(before && { before }),
        };
      }),
    );
  },
};
export default reader;

/** What is mounted at each path; of several, the last is on top. Lines as in proc(5). */
export function parseMountInfo(text: string): Map<string, NonNullable<MountObserved["live"]>> {
  const mounts = new Map<string, NonNullable<MountObserved["live"]>>();
  for (const line of text.split("\n")) {
    const [own = "", superblock = ""] = line.split(" - ");
    const [, , , , path, options = ""] = own.split(" ");
    const [type = "", device = "", superOptions = ""] = superblock.split(" ");
    if (!path || type === "autofs") continue;
    const all = [...new Set([...options.split(","), ...superOptions.split(",")])];
    // A mount that may be written on a file system that may not, or the other way round, may not.
    const readable = all.includes("ro") ? all.filter((option) => option !== "rw") : all;
    mounts.set(unescapeOctal(path), { device: unescapeOctal(device), type, options: readable });
  }
  return mounts;
}

const folders: Record<string, string> = {
  UUID: "by-uuid",
  LABEL: "by-label",
  PARTUUID: "by-partuuid",
  PARTLABEL: "by-partlabel",
};

async function kernelName(device: string): Promise<string | undefined> {
  const [, tag, value = ""] = /^([A-Z]+)="?([^"]*)"?$/.exec(device) ?? [];
  const folder = tag && folders[tag];
  if (tag && !folder) return undefined;
  if (!folder && !device.startsWith("/")) return device;
  return realpath(folder ? `/dev/disk/${folder}/${value}` : device).catch(() => undefined);
}
