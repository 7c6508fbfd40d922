import { join } from "node:path";
import { findText } from "../read-files.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { NpmPackageObserved, NpmPackageProperties } from "./definition.ts";

const reader: ResourceReader<NpmPackageProperties, NpmPackageObserved> = {
  async read(resources, host) {
    const global = resources.some(({ properties }) => properties.directory === undefined)
      ? await findGlobal(host)
      : undefined;
    return Promise.all(
      resources.map(async ({ address, properties: { name, directory } }): Promise<NpmPackageObserved> => {
        const folder = directory === undefined ? global : join(directory, "node_modules");
        const text = folder === undefined ? undefined : await findText(join(folder, name, "package.json"));
        const installed = text === undefined ? undefined : (JSON.parse(text) as { version?: string }).version;
        return { installed, ours: host.isOurs(address) };
      }),
    );
  },
};
export default reader;

/** Undefined while npm itself is not installed: then nothing is. */
const findGlobal = (host: HostReads): Promise<string | undefined> =>
  host.run(["npm", "root", "--global"]).then(
    ({ code, stdout }) => (code === 0 ? stdout.trim() : undefined),
    () => undefined,
  );
