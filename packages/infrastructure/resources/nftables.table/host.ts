import { lstat } from "node:fs/promises";
import { readOwnFile } from "../read-files.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import {
  fillsItself,
  type NftablesTableObserved,
  type NftablesTableProperties,
  rulesFile,
  unitFile,
  unitLink,
} from "./definition.ts";

const reader: ResourceReader<NftablesTableProperties, NftablesTableObserved> = {
  async read(resources, host) {
    const isTerse = resources.map(({ properties }) => fillsItself(properties.rules));
    const [full, terse] = await Promise.all(
      [false, true].map((one) => (isTerse.includes(one) ? listRules(host, one) : "")),
    );
    return Promise.all(
      resources.map(async ({ address, properties }, index): Promise<NftablesTableObserved> => {
        const noted = host.noted(address) as { live?: string } | undefined;
        return {
          file: await readOwnFile(rulesFile(properties), host),
          unit: await readOwnFile(unitFile(properties), host),
          enabled: await lstat(unitLink(properties)).then(
            () => true,
            () => false,
          ),
          live: findTable((isTerse[index] ? terse : full) ?? "", properties),
          confirmed: noted?.live,
        };
      }),
    );
  },
};
export default reader;

/** Nothing, while nft itself is not installed. Counters are left out: they always differ. */
const listRules = (host: HostReads, terse: boolean): Promise<string> =>
  host.run(["nft", "--stateless", ...(terse ? ["--terse"] : []), "list", "ruleset"]).then(
    ({ stdout }) => stdout,
    () => "",
  );

export function findTable(
  ruleset: string,
  { family, name }: Pick<NftablesTableProperties, "family" | "name">,
): string | undefined {
  const start = `\n${ruleset}`.indexOf(`\ntable ${family} ${name} {\n`);
  return start < 0 ? undefined : ruleset.slice(start, ruleset.indexOf("\n}", start) + 3);
}
