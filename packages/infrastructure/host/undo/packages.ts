import { readFile } from "node:fs/promises";
import { HavnError, type PropertyChange } from "@havn/model";
import type { Around, AspectKind } from "./aspect.ts";
import { capturePath, type PathState, restorePath } from "./path.ts";

type Packages = { kind: "packages"; named: string[]; purged: string[] };

/** `state`: "installed", or "config-files" of what was removed but not purged. What is not there has no entry. */
type Package = { version: string; state: string; held: boolean; auto: boolean };
export type PackagesState = {
  packages: Record<string, Package>;
  /** Configuration files of what is about to be purged. */
  files: Record<string, PathState>;
};

async function list({ run }: Around): Promise<Record<string, Package>> {
  const format =
    "$" + "{binary:Package}\\t$" + "{Version}\\t$" + "{db:Status-Want}\\t$" + "{db:Status-Status}\\n";
  const [all, auto] = await Promise.all([
    run(["dpkg-query", "--show", `--showformat=${format}`]),
    run(["apt-mark", "showauto"]),
  ]);
  const automatic = new Set(auto.stdout.split("\n"));
  return Object.fromEntries(
    all.stdout.split("\n").flatMap((line) => {
      const [name = "", version = "", want, state = ""] = line.split("\t");
      if (name === "" || !["installed", "config-files"].includes(state)) return [];
      return [[name, { version, state, held: want === "hold", auto: automatic.has(name) }] as const];
    }),
  );
}

async function captureFiles(purged: readonly string[], around: Around): Promise<PackagesState["files"]> {
  const files: PackagesState["files"] = {};
  for (const name of purged) {
    const { stdout } = await around.run(["dpkg-query", "--show", "--showformat=$" + "{Conffiles}\\n", name]);
    for (const [, path = ""] of stdout.matchAll(/^ (\/\S+) /gm))
      files[path] = await capturePath(path, around, true);
  }
  return files;
}

export const packagesAspect: AspectKind<Packages, PackagesState> = {
  name: ({ named }) => `packages ${named.join(", ")}`,
  capture: async ({ purged }, around, keep) => ({
    packages: await list(around),
    files: keep ? await captureFiles(purged, around) : {},
  }),
  narrow(_, before, after) {
    const names = new Set([...Object.keys(before.packages), ...Object.keys(after.packages)]);
    const changed = [...names].filter(
      (name) => JSON.stringify(before.packages[name]) !== JSON.stringify(after.packages[name]),
    );
    const only = ({ packages, files }: PackagesState): PackagesState => ({
      packages: Object.fromEntries(changed.map((name) => [name, packages[name] ?? gone])),
      files,
    });
    return { before: only(before), after: only({ ...after, files: {} }) };
  },
  certain: ({ named }, { packages, files }) => ({
    packages: Object.fromEntries(
      named.flatMap((name) => {
        const known = Object.entries(packages).filter(([one]) => bare(one) === name);
        return known.length > 0 ? known : [[name, gone] as const];
      }),
    ),
    files,
  }),
  focus: (now, state) => ({
    packages: Object.fromEntries(
      Object.keys(state.packages).map((name) => [name, now.packages[name] ?? gone]),
    ),
    files: {},
  }),
  async restore({ named }, state, around) {
    await transact(state.packages, named, around);
    for (const [path, file] of Object.entries(state.files)) await restorePath(path, file, around);
  },
  async obstacle(_, { packages }, around) {
    const now = await list(around);
    for (const [name, { version, state }] of Object.entries(packages)) {
      if (state !== "installed" || now[name]?.version === version) continue;
      const offered = await around.run(["apt-cache", "madison", name]);
      if (!offered.stdout.split("\n").some((line) => line.split("|")[1]?.trim() === version))
        return `version ${version} of ${name} is offered by no archive of this host any more`;
    }
    return undefined;
  },
  async reservations(_, { packages }, around) {
    const now = await list(around);
    const leaving = Object.keys(packages).filter(
      (name) => packages[name]?.state === gone.state && now[name]?.state === "installed",
    );
    const holding = await holdingData(leaving);
    return leaving
      .filter((name) => holding.has(name))
      .map((name) => `what ${name} holds stays, with its configuration: purging it would take that along`);
  },
  changes: async (_, now, { packages }) =>
    Object.entries(packages).flatMap(([name, was]): PropertyChange[] => {
      const is = now.packages[name] ?? gone;
      const changes: PropertyChange[] = [];
      if (is.version !== was.version || is.state !== was.state)
        changes.push({ property: name, before: described(is), after: described(was) });
      if (is.held !== was.held) changes.push({ property: `${name} held`, before: is.held, after: was.held });
      return changes;
    }),
};

const gone: Package = { version: "", state: "not installed", held: false, auto: false };
const described = ({ version, state }: Package): string => (state === "installed" ? version : state);

/**
 * One transaction. What would take more with it than it was asked to is refused; what came along with the packages that
 * are `named` stays where others need it.
 */
async function transact(
  wanted: Record<string, Package>,
  named: readonly string[],
  around: Around,
): Promise<void> {
  const now = await list(around);
  const differing = Object.entries(wanted).filter(
    ([name, { version, state }]) =>
      described(now[name] ?? gone) !== described({ version, state, held: false, auto: false }),
  );
  const install = differing
    .filter(([, { state }]) => state === "installed")
    .map(([name, { version }]) => `${name}=${version}`);
  const all = differing
    .filter(([name, { state }]) => state !== "installed" && now[name]?.state === "installed")
    .map(([name]) => name);
  const { applyApt } = await import("../apt.ts");
  const isNamed = (name: string) => named.includes(bare(name));
  const leaving = (await goAlong(install, all, around)).length === 0 ? all : all.filter(isNamed);
  const more = leaving === all ? [] : await goAlong(install, leaving, around);
  if (more.length > 0)
    throw new HavnError(`${leaving.join(", ")} cannot be removed alone`, {
      detail: `${more.join(", ")} would go with them. Remove those first, or leave this resource out.`,
    });
  // Purged by itself afterwards: apt would purge along what depends on it, and that may be meant to stay.
  if (install.length + leaving.length > 0)
    await applyApt({ kind: "apt", install, remove: [], removeOnly: leaving, changeHeld: true });
  await purge(
    differing.filter(([, { state }]) => state === gone.state).map(([name]) => name),
    around,
  );
  await mark(wanted, around);
}

/** Of those that were removed, and that hold nothing but their configuration. */
async function purge(names: readonly string[], around: Around): Promise<void> {
  const now = await list(around);
  const holding = await holdingData(names);
  const those = names.filter((name) => now[name]?.state === "config-files" && !holding.has(name));
  if (those.length > 0) await must(around, ["dpkg", "--purge", ...those]);
}

/**
 * Those whose own scripts ask, when they are purged, whether what they hold goes too, a database for example: that may be
 * of use by now, and nobody is there to be asked. The script is there until they are purged.
 */
async function holdingData(names: readonly string[]): Promise<Set<string>> {
  const holding = new Set<string>();
  for (const name of names)
    for (const file of [name, bare(name)]) {
      const script = await readFile(`/var/lib/dpkg/info/${file}.postrm`, "utf8").catch(() => "");
      if (/^\s*db_get\s+\S*\/\S*(postrm|purge|remove)/m.test(script)) holding.add(name);
    }
  return holding;
}

const bare = (name: string): string => name.split(":")[0] ?? name;

/** What apt would remove beside `leaving`. */
async function goAlong(
  install: readonly string[],
  leaving: readonly string[],
  { run }: Around,
): Promise<string[]> {
  if (install.length + leaving.length === 0) return [];
  const simulated = await run([
    ...["apt-get", "install", "--simulate", "--no-install-recommends", "--allow-downgrades"],
    ...["--allow-change-held-packages", "--", ...install, ...leaving.map((name) => `${name}-`)],
  ]);
  const wanted = new Set(leaving.map(bare));
  return [...simulated.stdout.matchAll(/^Remv (\S+)/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !wanted.has(bare(name)));
}

async function mark(wanted: Record<string, Package>, around: Around): Promise<void> {
  const now = await list(around);
  const those = (pick: (was: Package, is: Package) => boolean) =>
    Object.entries(wanted).flatMap(([name, was]) => {
      const is = now[name];
      return is?.state === "installed" && was.state === "installed" && pick(was, is) ? [name] : [];
    });
  for (const [verb, names] of [
    ["auto", those((was, is) => was.auto && !is.auto)],
    ["manual", those((was, is) => !was.auto && is.auto)],
    ["hold", those((was, is) => was.held && !is.held)],
    ["unhold", those((was, is) => !was.held && is.held)],
  ] as const)
    if (names.length > 0) await must(around, ["apt-mark", verb, ...names]);
}

async function must(around: Around, command: readonly string[]): Promise<void> {
  const { code, stderr } = await around.run(command);
  if (code !== 0)
    throw new HavnError(`${command.join(" ")} failed with exit code ${code}`, {
      detail: stderr.trim().slice(-500),
    });
}
