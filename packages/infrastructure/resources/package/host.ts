import { findText } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import type { PackageObserved, PackageProperties } from "./definition.ts";
import { findManager, readerOf } from "./managers.ts";

const reader: ResourceReader<PackageProperties, PackageObserved> = {
  async read(resources, host) {
    const usual = await findManager(host);
    const byManager = Map.groupBy(resources, ({ properties }) => properties.manager ?? usual);
    const asked = resources.some(({ properties }) => Object.keys(properties.answers ?? {}).length > 0);
    const answers = asked ? await readAnswers() : new Map<string, string>();
    const observed = new Map<string, PackageObserved>();
    await Promise.all(
      [...byManager].map(async ([manager, group]) => {
        const { states, newest } = readerOf[manager];
        const names = [...new Set(group.map(({ properties }) => properties.name))];
        const latest = group.flatMap(({ properties: { name, version } }) =>
          version === "newest" ? name : [],
        );
        const [known, versions] = await Promise.all([
          states(names, host),
          latest.length === 0 ? new Map<string, string>() : newest(latest, host),
        ]);
        for (const { address, properties } of group) {
          const own = Object.keys(properties.answers ?? {}).flatMap((question) => {
            const answer = answers.get(question);
            return answer === undefined ? [] : [[question, answer] as const];
          });
          observed.set(address, {
            ...(manager !== "apt" && { manager }),
            ...known.get(properties.name),
            newest: versions.get(properties.name),
            answers: Object.fromEntries(own),
            ours: host.isOurs(address),
          });
        }
      }),
    );
    return resources.map(({ address }) => observed.get(address) ?? { ours: false });
  },
};
export default reader;

/** debconf's own files: paragraphs with `Name:` and, once it was answered, `Value:`. */
async function readAnswers(): Promise<Map<string, string>> {
  const texts = await Promise.all(
    ["config", "passwords"].map((name) => findText(`/var/cache/debconf/${name}.dat`)),
  );
  const answers = new Map<string, string>();
  for (const paragraph of texts.join("\n\n").split("\n\n")) {
    const name = /^Name: (.*)$/m.exec(paragraph)?.[1];
    const value = /^Value: ?(.*)$/m.exec(paragraph)?.[1];
    if (name !== undefined && value !== undefined) answers.set(name, value);
  }
  return answers;
}
