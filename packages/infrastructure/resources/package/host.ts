import { findText } from "../read-files.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import type { PackageObserved, PackageProperties } from "./definition.ts";

const reader: ResourceReader<PackageProperties, PackageObserved> = {
  async read(resources, host) {
    const names = [...new Set(resources.map(({ properties }) => properties.name))];
    const asked = resources.some(({ properties }) => Object.keys(properties.answers ?? {}).length > 0);
    const [known, newest, answers] = await Promise.all([
      readStates(names, host),
      readNewest(
        resources.filter(({ properties }) => properties.version === "newest"),
        host,
      ),
      asked ? readAnswers() : new Map<string, string>(),
    ]);
    return resources.map(({ address, properties: { name, answers: questions = {} } }): PackageObserved => {
      const own = Object.keys(questions).flatMap((question) => {
        const answer = answers.get(question);
        return answer === undefined ? [] : [[question, answer] as const];
      });
      return {
        ...known.get(name),
        newest: newest.get(name),
        answers: Object.fromEntries(own),
        ours: host.isOurs(address),
      };
    });
  },
};
export default reader;

type State = Pick<PackageObserved, "installed" | "residual" | "held">;

async function readStates(names: readonly string[], host: HostReads): Promise<Map<string, State>> {
  // Its exit code is 1 as soon as one name is unknown; what it knows is on its output all the same.
  const { stdout } = await host.run([
    "dpkg-query",
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
    "--showformat=${Package}\\t${db:Status-Want}\\t${db:Status-Status}\\t${Version}\\n",
    ...names,
  ]);
  const known = new Map<string, State>();
  for (const line of stdout.split("\n")) {
    const [name, want, status, version] = line.split("\t");
    if (!name || !version) continue;
    const held = want === "hold";
    if (status === "installed") known.set(name, { installed: version, held });
    else if (status === "config-files") known.set(name, { residual: true, held });
  }
  return known;
}

type Asked = readonly { properties: PackageProperties }[];

async function readNewest(resources: Asked, host: HostReads): Promise<Map<string, string>> {
  if (resources.length === 0) return new Map();
  const names = resources.map(({ properties }) => properties.name);
  const { stdout } = await host.run(["apt-cache", "policy", "--", ...names]);
  const newest = new Map<string, string>();
  let name = "";
  for (const line of stdout.split("\n")) {
    if (/^\S.*:$/.test(line)) name = line.slice(0, -1);
    const candidate = /^ {2}Candidate: (\S+)/.exec(line)?.[1];
    if (candidate && candidate !== "(none)") newest.set(name, candidate);
  }
  return newest;
}

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
