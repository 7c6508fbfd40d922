import { access, constants } from "node:fs/promises";
import { findText, readOwnFile } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import { type SysctlObserved, type SysctlProperties, sysctlPath } from "./definition.ts";

const reader: ResourceReader<SysctlProperties, SysctlObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties: { key } }): Promise<SysctlObserved> => {
        const path = `/proc/sys/${key.includes("/") ? key : key.replaceAll(".", "/")}`;
        const before = host.before(address);
        return {
          file: await readOwnFile(sysctlPath(key), host),
          live: (await findText(path))?.trim(),
          // Root passes every test of permissions, but not that of a file system mounted read-only.
          writable: await access(path, constants.W_OK).then(
            () => true,
            () => false,
          ),
          ...(typeof before === "string" && { before }),
        };
      }),
    ),
};
export default reader;
