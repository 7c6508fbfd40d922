import { findText } from "../read-files.ts";
import type { HostReads } from "../type.ts";
import type { PackageObserved } from "./definition.ts";

export type State = Pick<PackageObserved, "installed" | "residual" | "held">;

/** What one package manager tells of packages, by their names. */
export interface ManagerReader {
  states(names: readonly string[], host: HostReads): Promise<Map<string, State>>;
  /** The newest version of each that there is. */
  newest(names: readonly string[], host: HostReads): Promise<Map<string, string>>;
}

export type Manager = "apt" | "dnf" | "apk";

/** By what the host says it is (os-release(5)); by which program is there where it says nothing known. */
export async function findManager(host: HostReads): Promise<Manager> {
  const release = (await findText("/etc/os-release", host)) ?? "";
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, words = ""]) =>
    words.split(" "),
  );
  if (ids.some((id) => ["debian", "ubuntu"].includes(id))) return "apt";
  if (ids.some((id) => ["fedora", "rhel", "centos"].includes(id))) return "dnf";
  if (ids.includes("alpine")) return "apk";
  if (await host.files.stat("/usr/bin/dnf")) return "dnf";
  if (await host.files.stat("/sbin/apk")) return "apk";
  return "apt";
}

export const readerOf: Record<Manager, ManagerReader> = {
  apt: { states: aptStates, newest: aptNewest },
  dnf: { states: dnfStates, newest: dnfNewest },
  apk: { states: apkStates, newest: apkNewest },
};

async function aptStates(names: readonly string[], host: HostReads): Promise<Map<string, State>> {
  // Its exit code is 1 as soon as one name is unknown; what it knows is on its output all the same.
  const { stdout } = await host.run([
    "dpkg-query",
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
    "--showformat=${Package}\\t${db:Status-Want}\\t${db:Status-Status}\\t${Version}\\n",
    ...names,
  ]);
  const known = new Map<string, State>();
  for (const [name, want, status, version] of rowsOf(stdout)) {
    if (!name || !version) continue;
    const held = want === "hold";
    if (status === "installed") known.set(name, { installed: version, held });
    else if (status === "config-files") known.set(name, { residual: true, held });
  }
  return known;
}

async function aptNewest(names: readonly string[], host: HostReads): Promise<Map<string, string>> {
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

/** rpm knows what is installed; dnf's versionlock plugin keeps what is held in a file of its own. */
async function dnfStates(names: readonly string[], host: HostReads): Promise<Map<string, State>> {
  const format = "%{NAME}\\t%{EVR}\\n";
  const { stdout } = await host.run(["rpm", "--query", "--queryformat", format, "--", ...names]);
  const locks = (await findText("/etc/dnf/plugins/versionlock.list", host)) ?? "";
  const locked = locks.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const known = new Map<string, State>();
  for (const [name = "", installed] of rowsOf(stdout)) {
    if (!installed) continue;
    const held = locked.some(
      (line) => line.startsWith(`${name}-`) && /^\d/.test(line.slice(name.length + 1)),
    );
    known.set(name, { installed, held });
  }
  return known;
}

async function dnfNewest(names: readonly string[], host: HostReads): Promise<Map<string, string>> {
  const query = ["dnf", "repoquery", "--quiet", "--disableplugin=versionlock", "--latest-limit=1"];
  const { stdout } = await host.run([...query, "--queryformat", "%{name}\\t%{evr}\\n", "--", ...names]);
  return new Map(
    rowsOf(stdout).flatMap(([name, version]) =>
      name && version ? [[name, version.replace(/^0:/, "")]] : [],
    ),
  );
}

/** A version that is asked for stands in apk's "world": that is what holds it. */
async function apkStates(names: readonly string[], host: HostReads): Promise<Map<string, State>> {
  const { stdout } = await host.run(["apk", "info", "--installed", "--verbose", ...names]);
  const world = ((await findText("/etc/apk/world", host)) ?? "").split("\n");
  const known = new Map<string, State>();
  for (const line of stdout.split("\n")) {
    const [, name, installed] = /^(\S+)-(\d\S*-r\d+)$/.exec(line.trim()) ?? [];
    if (!name || !installed) continue;
    known.set(name, {
      installed,
      held: world.some((entry) => /^[=~]/.test(entry.slice(name.length)) && entry.startsWith(name)),
    });
  }
  return known;
}

/** `apk policy` tells the versions that there are under each name, in no order. */
async function apkNewest(names: readonly string[], host: HostReads): Promise<Map<string, string>> {
  const { stdout } = await host.run(["apk", "policy", ...names]);
  const newest = new Map<string, string>();
  let name = "";
  for (const line of stdout.split("\n")) {
    name = /^(\S+) policy:$/.exec(line)?.[1] ?? name;
    const version = /^ {2}(\d\S*):$/.exec(line)?.[1];
    if (!version) continue;
    const known = newest.get(name);
    if (known === undefined || (await isNewer(version, known, host))) newest.set(name, version);
  }
  return newest;
}

const isNewer = async (version: string, than: string, host: HostReads): Promise<boolean> =>
  (await host.run(["apk", "version", "--test", version, than])).stdout.trim() === ">";

const rowsOf = (text: string): string[][] => text.split("\n").map((line) => line.split("\t"));
