import { statfs as statfsOfSystem } from "node:fs/promises";
import { type CollectedSample, sample } from "../sample.ts";

export type StatFs = (path: string) => Promise<{
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
}>;

const ignoredTypes =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;
const ignoredPlaces =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;

/**
 * Reads the file systems of a mount table. A mount whose server is gone blocks its reader: it is not asked again
 * until it has answered, and told by node_filesystem_device_error.
 */
export function filesystems(statfs: StatFs = statfsOfSystem): (mounts: string) => Promise<CollectedSample[]> {
  const blocked = new Set<string>();
  return async (mounts) =>
    (await Promise.all(parseMounts(mounts).map((mount) => read(mount, statfs, blocked)))).flat();
}

interface Mount {
  device: string;
  mountpoint: string;
  fstype: string;
  readonly: boolean;
}

function parseMounts(text: string): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const line of text.split("\n")) {
    const [device, mountpoint, fstype, options] = line.split(" ").map(unescapeOctal);
    if (!device || !mountpoint || !fstype || ignoredPlaces.test(mountpoint)) continue;
    // node_exporter leaves out every overlay; the root of a container or of a machine on an overlay is one too.
    if (ignoredTypes.test(fstype) && !(fstype === "overlay" && mountpoint === "/")) continue;
    const readonly = (options ?? "").split(",").includes("ro");
    mounts.set(`${device} ${mountpoint}`, { device, mountpoint, fstype, readonly });
  }
  return [...mounts.values()];
}

/** Spaces and the like are octal in the mount table: `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function read(mount: Mount, statfs: StatFs, blocked: Set<string>): Promise<CollectedSample[]> {
  const { device, mountpoint, fstype } = mount;
  const labels = { device, fstype, mountpoint };
  const failed = [sample("node_filesystem_device_error", 1, labels)];
  if (blocked.has(mountpoint)) return failed;
  blocked.add(mountpoint);
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), 1_000);
  const answer = statfs(mountpoint).finally(() => blocked.delete(mountpoint));
  try {
    const found = await Promise.race([answer, limit.promise]);
    if (!found) return failed;
    return [
      sample("node_filesystem_size_bytes", found.blocks * found.bsize, labels),
      sample("node_filesystem_free_bytes", found.bfree * found.bsize, labels),
      sample("node_filesystem_avail_bytes", found.bavail * found.bsize, labels),
      sample("node_filesystem_files", found.files, labels),
      sample("node_filesystem_files_free", found.ffree, labels),
      sample("node_filesystem_readonly", mount.readonly ? 1 : 0, labels),
      sample("node_filesystem_device_error", 0, labels),
    ];
  } catch {
    return failed;
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}
