import type { ResourceReader } from "../type.ts";
import type { PackageObserved, PackageProperties } from "./definition.ts";

const reader: ResourceReader<PackageProperties, PackageObserved> = {
  async read(resources, host) {
    const names = [...new Set(resources.map(({ properties }) => properties.name))];
    // Its exit code is 1 as soon as one name is unknown; what it knows is on its output all the same.
    const { stdout } = await host.run([
      "dpkg-query",
      "--show",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
      "--showformat=${Package}\\t${db:Status-Status}\\t${Version}\\n",
      ...names,
    ]);
    const installed = new Map<string, string>();
    for (const line of stdout.split("\n")) {
      const [name, status, version] = line.split("\t");
      if (name && version && status === "installed") installed.set(name, version);
    }
    return resources.map(({ address, properties }) => ({
      installed: installed.get(properties.name),
      ours: host.isOurs(address),
    }));
  },
};
export default reader;
