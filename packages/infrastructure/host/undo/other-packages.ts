import { readFile } from "node:fs/promises";
import { HavnError, type PropertyChange } from "@havn/model";
import type { Around, AspectKind } from "./aspect.ts";

/** Packages of other managers than apt. */
type Others = { kind: "other packages"; manager: "dnf" | "apk"; named: string[] };

/**
 * Version by name (with dnf: name and architecture), and what somebody chose of them: the lines of dnf's versionlock, the
 * words of apk's world. "" where there is none.
 */
export type OthersState = { packages: Record<string, string>; chosen: Record<string, string> };

interface Manager {
  list(around: Around): Promise<OthersState>;
  restore(state: OthersState, named: readonly string[], around: Around): Promise<void>;
}

const textOf = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

async function must(around: Around, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await around.run(command);
  if (code === 0) return stdout;
  throw new HavnError(`${command.join(" ")} failed with exit code ${code}`, {
    detail: stderr.trim().slice(-500),
  });
}

/** Names whose version, or whose choice, is not as in `state`. */
const differing = (part: "packages" | "chosen", now: OthersState, state: OthersState): string[] =>
  Object.keys(state[part]).filter((name) => (now[part][name] ?? "") !== state[part][name]);

/** "harbour-tool-0:1.0-1.*" → "harbour-tool". */
const lockedName = (line: string): string => line.replace(/^!/, "").replace(/-[^-]*-[^-]*$/, "");

const dnf: Manager = {
  async list(around) {
    const rows = await must(around, [
      "rpm",
      "--query",
      "--all",
      "--queryformat",
      "%{NAME}.%{ARCH}\\t%{EVR}\\n",
    ]);
    const versions = Map.groupBy(
      rows
        .split("\n")
        .filter(Boolean)
        .map((row) => row.split("\t")),
      ([name = ""]) => name,
    );
    const locks = (await textOf("/etc/dnf/plugins/versionlock.list"))
      .split("\n")
      .filter((line) => /^!?\w/.test(line));
    return {
      // Of kernels several versions are there at a time.
      packages: Object.fromEntries(
        [...versions].map(([name, rows]) => [
          name,
          rows
            .map(([, version = ""]) => version)
            .sort()
            .join(" "),
        ]),
      ),
      chosen: Object.fromEntries(locks.map((line) => [lockedName(line), line])),
    };
  },
  async restore(state, named, around) {
    const now = await dnf.list(around);
    const changed = differing("packages", now, state);
    const install = changed.flatMap((name) => {
      const [, bare = "", architecture = ""] = /^(.*)\.([^.]*)$/.exec(name) ?? [];
      return (state.packages[name] ?? "")
        .split(" ")
        .filter(Boolean)
        .map((version) => `${bare}-${version}.${architecture}`);
    });
    const run = (verb: string, ...words: string[]) =>
      must(around, ["dnf", verb, "--assumeyes", "--quiet", "--disableplugin=versionlock", ...words]);
    if (install.length > 0) await run("install", "--allowerasing", "--", ...install);
    const all = changed.filter((name) => state.packages[name] === "");
    const remove = await removable(all, named, around);
    if (remove.length > 0) await run("remove", "--setopt=clean_requirements_on_remove=0", "--", ...remove);
    for (const name of differing("chosen", now, state)) {
      const line = state.chosen[name];
      if (now.chosen[name]) await must(around, ["dnf", "--quiet", "versionlock", "delete", now.chosen[name]]);
      if (line) await must(around, ["dnf", "--quiet", "versionlock", "add", "--raw", line]);
    }
  },
};

/** What came along with those that are named stays where others need it by now. */
async function removable(
  all: readonly string[],
  named: readonly string[],
  { run }: Around,
): Promise<readonly string[]> {
  const fits = async (names: readonly string[]) =>
    names.length === 0 || (await run(["rpm", "--erase", "--test", "--", ...names])).code === 0;
  if (await fits(all)) return all;
  const own = all.filter((name) => named.includes(name.replace(/\.[^.]*$/, "")));
  if (await fits(own)) return own;
  throw new HavnError(`${own.join(", ")} cannot be removed alone`, {
    detail: "Other packages need them by now. Remove those first, or leave this resource out.",
  });
}

/** "nginx~1.24" → "nginx". */
const worldName = (word: string): string => word.replace(/[<>=~@].*$/, "");

const apk: Manager = {
  async list() {
    const installed = await textOf("/lib/apk/db/installed");
    const fields = installed
      .split("\n\n")
      .map((part) => [/^P:(.*)$/m, /^V:(.*)$/m].map((one) => one.exec(part)?.[1]));
    const world = (await textOf("/etc/apk/world")).split(/\s+/).filter(Boolean);
    return {
      packages: Object.fromEntries(
        fields.flatMap(([name, version]) => (name && version ? [[name, version]] : [])),
      ),
      chosen: Object.fromEntries(world.map((word) => [worldName(word), word])),
    };
  },
  async restore(state, _, around) {
    const run = (verb: string, ...words: string[]) =>
      must(around, ["apk", verb, "--quiet", "--no-progress", ...words]);
    const now = await apk.list(around);
    // apk keeps what it is asked for in its world: the words that were there come last.
    const versions = differing("packages", now, state).filter((name) => state.packages[name] !== "");
    if (versions.length > 0) await run("add", ...versions.map((name) => `${name}=${state.packages[name]}`));
    const then = await apk.list(around);
    const names = [...new Set([...versions, ...Object.keys(state.chosen)])];
    const words = names.flatMap(
      (name) => (then.chosen[name] !== state.chosen[name] && state.chosen[name]) || [],
    );
    const gone = names.filter((name) => then.chosen[name] && !state.chosen[name]);
    if (words.length > 0) await run("add", ...words);
    if (gone.length > 0) await run("del", ...gone);
  },
};

const managers = { dnf, apk };

export const otherPackagesAspect: AspectKind<Others, OthersState> = {
  name: ({ manager, named }) => `packages of ${manager}: ${named.join(", ")}`,
  capture: ({ manager }, around) => managers[manager].list(around),
  narrow(_, before, after) {
    const of = (part: "packages" | "chosen") => {
      const names = Object.keys({ ...before[part], ...after[part] }).filter(
        (name) => before[part][name] !== after[part][name],
      );
      const only = (state: OthersState) =>
        Object.fromEntries(names.map((name) => [name, state[part][name] ?? ""]));
      return { before: only(before), after: only(after) };
    };
    const [packages, chosen] = [of("packages"), of("chosen")];
    return {
      before: { packages: packages.before, chosen: chosen.before },
      after: { packages: packages.after, chosen: chosen.after },
    };
  },
  certain: ({ manager, named }, state) => {
    const isNamed = (name: string) => named.includes(manager === "dnf" ? name.replace(/\.[^.]*$/, "") : name);
    const only = (part: Record<string, string>) =>
      Object.fromEntries(Object.entries(part).filter(([name]) => isNamed(name)));
    return { packages: only(state.packages), chosen: only(state.chosen) };
  },
  focus: (now, state) => {
    const only = (part: "packages" | "chosen") =>
      Object.fromEntries(Object.keys(state[part]).map((name) => [name, now[part][name] ?? ""]));
    return { packages: only("packages"), chosen: only("chosen") };
  },
  restore: ({ manager, named }, state, around) => managers[manager].restore(state, named, around),
  changes: async (_, now, state) =>
    (["packages", "chosen"] as const).flatMap((part) =>
      differing(part, now, state).map(
        (name): PropertyChange => ({
          property: part === "packages" ? name : `${name} held`,
          before: now[part][name] || "not there",
          after: state[part][name] || "not there",
        }),
      ),
    ),
};
