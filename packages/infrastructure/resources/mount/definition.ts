import { z } from "zod";
import { type FstabEntry, formatFstab, mountPattern } from "../fstab.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import { absolutePath, textProperty } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const mountSchema = z.strictObject({
  path: absolutePath.describe("where it is mounted; the directory is made if it is not there"),
  device: textProperty.describe('what is mounted: "/dev/sdb1", "UUID=…", "nas:/export", "tmpfs"'),
  type: z
    .string()
    .regex(/^[a-z0-9._-]+$/)
    .describe("file system, or `none` for a bind mount"),
  options: z
    .string()
    .regex(/^\S+$/, "expected options parted by commas, without spaces")
    .default("defaults")
    .describe("as in mount -o"),
  dump: z.number().int().min(0).default(0).describe("fifth field of fstab"),
  pass: z.number().int().min(0).default(0).describe("order of checks at start; 0: never checked"),
  mounted: z
    .boolean()
    .default(true)
    .describe("whether it is mounted now; its line in fstab stands either way"),
  absent: z.boolean().default(false).describe("true: neither mounted nor in fstab"),
});
export type MountProperties = Omit<z.output<typeof mountSchema>, "device"> & { device: string };

export interface MountObserved {
  /** Its line in /etc/fstab. */
  fstab?: FstabEntry | undefined;
  /** What is mounted at the path now; `device` as the kernel names it. */
  live?: { device: string; type: string; options: string[] } | undefined;
  /** The declared device as the kernel names it, where that can be told (UUID=…, links). */
  device?: string | undefined;
  directory: boolean;
  ours: boolean;
  before?: { directory: boolean } | undefined;
}

const mount: ResourceDefinition<MountProperties, MountObserved> = {
  type: "mount",
  schema: mountSchema,
  plan: planMount,
  watches: () => ["/etc/fstab"],
  units: ({ path }) => (/^[\w/.]+$/.test(path) ? [`${path.slice(1).replaceAll("/", "-")}.mount`] : []),
  before: ({ directory }) => ({ directory }),
  shares: () => ["/etc/fstab"],
};
export default mount;

function planMount(observed: MountObserved, desired: MountProperties, wanted: Wanted): HostPlan {
  const { path, device, type, options, dump, pass } = desired;
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  const before = observed.fstab && formatFstab(observed.fstab);
  const line = formatFstab({ device, path, type, options, dump, pass });
  return planOf(
    before === undefined ? "create" : "update",
    observed.directory ? nothing : part("directory", undefined, path, run("mkdir", "--parents", "--", path)),
    part("fstab", before, line, setLine(path, line), run("systemctl", "daemon-reload")),
    planLive(observed, desired),
  );
}

const setLine = (path: string, line?: string): Operation => ({
  kind: "set line",
  path: "/etc/fstab",
  match: mountPattern(path),
  ...(line !== undefined && { line }),
});

function planLive({ live, device }: MountObserved, desired: MountProperties): Part {
  const { path, mounted } = desired;
  const unmount = run("umount", "--", path);
  if (!mounted) return live ? part("mounted", true, false, unmount) : nothing;
  if (!live) return part("mounted", false, true, run("mount", "--", path));
  const bound = /(^|,)r?bind(,|$)/.test(desired.options);
  const other = !bound && (live.type !== desired.type || (device !== undefined && device !== live.device));
  if (other)
    return part(
      "mounted",
      `${live.device} (${live.type})`,
      `${desired.device} (${desired.type})`,
      unmount,
      run("mount", "--", path),
    );
  const missing = missingOptions(live.options, desired.options);
  if (missing.length === 0) return nothing;
  return part(
    "options",
    live.options.join(","),
    desired.options,
    run("mount", "-o", `remount,${desired.options}`, "--", path),
  );
}

/** What the kernel tells of every mount, and so can be compared; other options are the file system's own affair. */
const told = new Set(["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "sync", "dirsync"]);

function missingOptions(live: readonly string[], wanted: string): string[] {
  const options = wanted.split(",");
  const missing = options.filter((option) => told.has(option) && !live.includes(option));
  return options.includes("ro") || !live.includes("ro") ? missing : [...missing, "rw"];
}

/** The directory goes if it was made for this mount and nothing is in it. */
function planRemoval(observed: MountObserved, { path, absent }: MountProperties): HostPlan {
  if (!absent && !observed.ours) return unchanged;
  const { fstab, live, before, directory } = observed;
  const line = fstab
    ? part("fstab", formatFstab(fstab), undefined, setLine(path), run("systemctl", "daemon-reload"))
    : nothing;
  const made: Operation = { kind: "remove directory", path, keepFull: true };
  return planOf(
    "delete",
    live ? part("mounted", true, undefined, run("umount", "--", path)) : nothing,
    line,
    directory && before?.directory === false ? part("directory", path, undefined, made) : nothing,
  );
}
