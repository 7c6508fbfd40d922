import { stat } from "node:fs/promises";
import { parseFstab, unescapeOctal } from "../fstab.ts";
import { findText, isContainer } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { SwapObserved, SwapProperties } from "./definition.ts";

const reader: ResourceReader<SwapProperties, SwapObserved> = {
  async read(resources, host) {
    const fstab = ((await findText("/etc/fstab", host)) ?? "").split("\n").map(parseFstab);
    const active = new Set(
      ((await findText("/proc/swaps")) ?? "")
        .split("\n")
        .map((line) => unescapeOctal(line.split(/\s/)[0] ?? "")),
    );
    const container = await isContainer(host);
    return Promise.all(
      resources.map(async ({ address, properties: { path } }): Promise<SwapObserved> => {
        const found = await stat(path).catch(() => undefined);
        return {
          fstab: fstab.find((entry) => entry?.device === path && entry.type === "swap"),
          active: active.has(path),
          ...(found?.isFile() && { size: found.size }),
          container,
          ours: host.isOurs(address),
        };
      }),
    );
  },
};
export default reader;
