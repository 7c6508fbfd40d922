import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ResourceReader } from "../type.ts";
import type { PipPackageObserved, PipPackageProperties } from "./definition.ts";

const reader: ResourceReader<PipPackageProperties, PipPackageObserved> = {
  async read(resources, host) {
    const environments = new Map<string, Promise<Map<string, string>>>();
    return Promise.all(
      resources.map(async ({ address, properties }): Promise<PipPackageObserved> => {
        const { environment, name } = properties;
        const reading = environments.get(environment) ?? readEnvironment(environment);
        environments.set(environment, reading);
        return {
          environment: await access(join(environment, "bin/pip")).then(
            () => true,
            () => false,
          ),
          installed: (await reading).get(canonical(name.replace(/\[.*/, ""))),
          ours: host.isOurs(address),
        };
      }),
    );
  },
};
export default reader;

/** What is installed there, from the folders that pip leaves: `name-version.dist-info`. */
async function readEnvironment(environment: string): Promise<Map<string, string>> {
  const library = join(environment, "lib");
  const versions = (await readdir(library).catch(() => [])).filter((name) => name.startsWith("python"));
  const names = await Promise.all(
    versions.map((version) => readdir(join(library, version, "site-packages")).catch(() => [])),
  );
  return new Map(
    names.flat().flatMap((folder) => {
      const [, name, version] = /^(.+)-([^-]+)\.dist-info$/.exec(folder) ?? [];
      return name && version ? [[canonical(name), version] as const] : [];
    }),
  );
}

/** Names are equal in any case and with any of - _ . (PEP 503). */
const canonical = (name: string) => name.toLowerCase().replace(/[-_.]+/g, "-");
