import { readOwnFile } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import { rulePath, type SudoRuleObserved, type SudoRuleProperties } from "./definition.ts";

const reader: ResourceReader<SudoRuleProperties, SudoRuleObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties }) => ({
        file: await readOwnFile(rulePath(properties.name), host),
        ours: host.isOurs(address),
      })),
    ),
};
export default reader;
