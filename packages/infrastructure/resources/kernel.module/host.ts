import { release } from "node:os";
import { findText, isContainer, readOwnFile } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import {
  configurationPath,
  type KernelModuleObserved,
  type KernelModuleProperties,
  loadPath,
} from "./definition.ts";

const reader: ResourceReader<KernelModuleProperties, KernelModuleObserved> = {
  async read(resources, host) {
    const [loaded = "", builtIn = "", container] = await Promise.all([
      findText("/proc/modules"),
      findText(`/lib/modules/${release()}/modules.builtin`),
      isContainer(host),
    ]);
    const known = new Map([
      ...builtIn
        .split("\n")
        .map((path) => [canonical(path.replace(/^.*\/|\.ko$/g, "")), "built in"] as const),
      ...loaded.split("\n").map((line) => [canonical(line.split(" ")[0] ?? ""), "loaded"] as const),
    ]);
    return Promise.all(
      resources.map(async ({ address, properties: { name } }): Promise<KernelModuleObserved> => {
        const before = host.before(address);
        return {
          state: known.get(canonical(name)) ?? "not loaded",
          container,
          load: await readOwnFile(loadPath(name), host),
          configuration: await readOwnFile(configurationPath(name), host),
          ...(typeof before === "string" && { before }),
        };
      }),
    );
  },
};
export default reader;

/** To the kernel, a hyphen in a module's name is an underscore. */
const canonical = (name: string) => name.replaceAll("-", "_");
