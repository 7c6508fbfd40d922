import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface MountOptions extends HostResourceOptions {
  /**
   * What is mounted: a device, "UUID=…", "LABEL=…", a share, "tmpfs", a directory for a bind mount.
   * @example device: "UUID=5c1b3c52-8d5c-4b0e-9a51-2f6b2a0d7a11"
   */
  device: Text;
  /**
   * File system; "none" for a bind mount.
   * @example type: "ext4"
   */
  type: string;
  /**
   * As in mount -o. Default: "defaults".
   * @example options: "noatime,nofail"
   */
  options?: string;
  /**
   * Fifth field of fstab, for dump. Default: 0.
   * @example dump: 1
   */
  dump?: number;
  /**
   * Order of checks at start; 0: never checked. Default: 0.
   * @example pass: 2
   */
  pass?: number;
  /**
   * Whether it is mounted now; its line in fstab stands either way. Default: true.
   * @example mounted: false
   */
  mounted?: boolean;
  /**
   * True: neither mounted nor in fstab. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file system that is mounted on a host. */
export interface MountHandle extends Handle {
  readonly type: "mount";
}

/**
 * A mounted file system: its line in /etc/fstab and what is mounted now. The directory is made if it is not there.
 *
 * @example mount("/srv/data", { host: db1, device: "LABEL=data", type: "ext4", options: "noatime" });
 */
export function mount(path: string, options: MountOptions): MountHandle {
  return declareOnHost("mount", path, options, { fixed: { path } });
}

export interface SwapOptions extends HostResourceOptions {
  /**
   * Size of the file, which is made if it is not there. Absent: the path is a device that mkswap has prepared.
   * @example size: "2G"
   */
  size?: string;
  /**
   * The area with the higher priority is used first. Default: the kernel's own.
   * @example priority: 10
   */
  priority?: number;
  /**
   * Whether it is in use now; its line in fstab stands either way. Default: true.
   * @example active: false
   */
  active?: boolean;
  /**
   * True: not in use and not in fstab; a file goes. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file or device for swapping. */
export interface SwapHandle extends Handle {
  readonly type: "swap";
}

/**
 * A file or device for swapping, in use now and after a restart. Not possible in a container.
 *
 * @example swap("/swapfile", { host: db1, size: "2G" });
 */
export function swap(path: string, options: SwapOptions): SwapHandle {
  return declareOnHost("swap", path, options, { fixed: { path } });
}
