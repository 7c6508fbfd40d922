import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { LocaleObserved, LocaleProperties } from "./definition.ts";

const reader: ResourceReader<LocaleProperties, LocaleObserved> = {
  async read(resources, host) {
    const { stdout } = await host.run(["locale", "--all-locales"]);
    const available = new Set(stdout.split("\n").map(canonical));
    const text = (await findText("/etc/default/locale", host)) ?? "";
    const lang = /^\s*LANG="?([^"\n]*)"?/m.exec(text)?.[1];
    return resources.map(({ address, properties }): LocaleObserved => {
      const before = host.before(address) as string | null | undefined;
      return {
        available: available.has(canonical(properties.name)),
        lang,
        ours: host.isOurs(address),
        ...(before !== undefined && { before }),
      };
    });
  },
};
export default reader;

/** The C library writes "de_DE.utf8" for what is declared as "de_DE.UTF-8". */
const canonical = (name: string) =>
  name.replace(/\.[A-Za-z0-9-]+/, (charset) => charset.toLowerCase().replaceAll("-", ""));
