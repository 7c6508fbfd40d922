import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findText } from "../../resources/read-files.ts";

const information = "/var/lib/dpkg/info";

export interface InstalledPackage {
  name: string;
  held: boolean;
  /** Part of every Debian system, or needed by what is: nobody chose it. */
  base: boolean;
  /** A library that something else here needs: it came with that, also where no record says so. */
  neededLibrary: boolean;
  /** Path of each configuration file → its md5 as it came. */
  configuration: ReadonlyMap<string, string>;
}

/** What dpkg knows of this host; empty where there is no dpkg. */
export interface Dpkg {
  packages: readonly InstalledPackage[];
  /** Those that came only because of others. */
  automatic: ReadonlySet<string>;
  /** Which package owns a path. */
  ownerOf(path: string): string | undefined;
  /** The package whose scripts or system users' list name the word. */
  isNamedInScripts(word: string): boolean;
}

export async function readDpkg(): Promise<Dpkg> {
  const status = (await findText("/var/lib/dpkg/status")) ?? "";
  const states = (await findText("/var/lib/apt/extended_states")) ?? "";
  const names = await readdir(information).catch(() => []);
  const [owners, words] = await Promise.all([readOwners(names), readWords(names)]);
  return {
    packages: parseStatus(status),
    automatic: new Set(
      states.split("\n\n").flatMap((paragraph) => {
        const name = fieldOf(paragraph, "Package");
        return name && fieldOf(paragraph, "Auto-Installed") === "1" ? [name] : [];
      }),
    ),
    ownerOf: (path) => owners.get(path),
    isNamedInScripts: (word) => words.has(word),
  };
}

export function parseStatus(status: string): InstalledPackage[] {
  const paragraphs = status
    .split("\n\n")
    .filter((paragraph) => /^Status: \S+ \S+ installed$/m.test(paragraph));
  const needs = new Map(
    paragraphs.map((paragraph) => [fieldOf(paragraph, "Package") ?? "", neededBy(paragraph)]),
  );
  const base = closureOf(
    paragraphs.filter(isBase).map((paragraph) => fieldOf(paragraph, "Package") ?? ""),
    needs,
  );
  const needed = new Set([...needs.values()].flat());
  return paragraphs.map((paragraph) => {
    const name = fieldOf(paragraph, "Package") ?? "";
    return {
      name,
      held: /^Status: hold /m.test(paragraph),
      base: base.has(name),
      neededLibrary: needed.has(name) && /(^|\/)(old)?libs$/.test(fieldOf(paragraph, "Section") ?? ""),
      configuration: new Map(
        [
          ...(/^Conffiles:\n((?: .*\n?)+)/m.exec(paragraph)?.[1] ?? "").matchAll(
            /^ (\/.*) ([0-9a-f]{32})$/gm,
          ),
        ].map(([, path = "", digest = ""]) => [path, digest] as const),
      ),
    };
  });
}

const isBase = (paragraph: string): boolean =>
  fieldOf(paragraph, "Essential") === "yes" ||
  ["required", "important"].includes(fieldOf(paragraph, "Priority") ?? "");

/** Of alternatives, all. */
const neededBy = (paragraph: string): string[] =>
  [fieldOf(paragraph, "Depends"), fieldOf(paragraph, "Pre-Depends")]
    .flatMap((field) => field?.split(/[,|]/) ?? [])
    .map((one) => one.trim().replace(/[\s:(].*$/, ""));

function closureOf(names: readonly string[], needs: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    open.push(...(needs.get(name) ?? []));
  }
  return reached;
}

const fieldOf = (paragraph: string, name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1];

/** Only where people put things too: the rest is the distribution's alone. */
const shared = /^\/(etc|usr\/share\/keyrings|usr\/lib\/systemd\/system|lib\/systemd\/system)(\/|$)/;

async function readOwners(names: readonly string[]): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  for (const name of names.filter((one) => one.endsWith(".list"))) {
    const owner = name.slice(0, -".list".length).replace(/:.*$/, "");
    const text = await readFile(join(information, name), "utf8");
    for (const path of text.split("\n")) if (shared.test(path)) owners.set(path, owner);
  }
  return owners;
}

/** Every word of packages' scripts and of lists of system users: an account that is named there is a package's. */
async function readWords(names: readonly string[]): Promise<Set<string>> {
  const scripts = names
    .filter((name) => /\.(postinst|preinst|config)$/.test(name))
    .map((name) => join(information, name));
  const lists = await readdir("/usr/lib/sysusers.d").catch(() => []);
  const words = new Set<string>();
  for (const path of [...scripts, ...lists.map((name) => join("/usr/lib/sysusers.d", name))])
    for (const [word] of ((await findText(path)) ?? "").matchAll(/[A-Za-z_][\w.-]*/g)) words.add(word);
  return words;
}
