import { access, readlink } from "node:fs/promises";
import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { TimezoneObserved, TimezoneProperties } from "./definition.ts";

const reader: ResourceReader<TimezoneProperties, TimezoneObserved> = {
  async read(resources, host) {
    const target = await readlink("/etc/localtime").catch(() => "");
    const text = ((await findText("/etc/timezone", host)) ?? "").trim();
    return Promise.all(
      resources.map(async ({ address, properties }): Promise<TimezoneObserved> => {
        const before = host.before(address);
        return {
          zone: /\/zoneinfo\/(.+)$/.exec(target)?.[1] ?? "",
          text,
          known: await access(`/usr/share/zoneinfo/${properties.zone}`).then(
            () => true,
            () => false,
          ),
          ...(typeof before === "string" && { before }),
        };
      }),
    );
  },
};
export default reader;
