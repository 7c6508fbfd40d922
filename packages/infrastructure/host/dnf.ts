import { HavnError } from "@havn/model";
import type { AptOperation } from "../resources/type.ts";
import { mustRun } from "./commands.ts";

/** With dnf, as `applyApt` with apt. An entry `name=1.2*` asks for a version; versions may be lower than what is there. */
export async function applyDnf(operation: AptOperation): Promise<Map<string, HavnError>> {
  const names = operation.install.map((entry) => entry.split("=")[0] ?? entry);
  const unknown = await findUnknown(names);
  const install = operation.install
    .filter((entry) => !unknown.has(entry.split("=")[0] ?? entry))
    .map((entry) => entry.replace("=", "-"));
  if (install.length > 0) await dnf("install", ["--allowerasing"], install);
  const remove = [...operation.remove, ...(operation.removeOnly ?? [])];
  if (remove.length > 0)
    await dnf("remove", [`--setopt=clean_requirements_on_remove=${operation.autoremove ? 1 : 0}`], remove);
  return new Map(
    [...unknown].map((name) => [
      name,
      new HavnError(`There is no package "${name}"`, {
        detail: "Correct its name, or declare the repository that has it and depend on that.",
      }),
    ]),
  );
}

/** As a person would write it. */
export const dnfCommand = ({ install, remove, removeOnly = [] }: AptOperation): string[] =>
  install.length > 0
    ? ["dnf", "install", ...install.map((entry) => entry.replace("=", "-"))]
    : ["dnf", "remove", ...remove, ...removeOnly];

/** What is held is Havn's to change: its lock is no matter here. */
const dnf = (verb: string, options: string[], names: string[]) =>
  mustRun(["dnf", verb, "--assumeyes", "--quiet", "--disableplugin=versionlock", ...options, "--", ...names]);

/** Those of `names` that neither a repository nor the host has. */
async function findUnknown(names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const query = ["dnf", "repoquery", "--quiet", "--disableplugin=versionlock", "--queryformat", "%{name}\n"];
  const { stdout } = await mustRun([...query, "--", ...names]);
  const offered = new Set(stdout.split("\n"));
  return new Set(names.filter((name) => !offered.has(name)));
}
