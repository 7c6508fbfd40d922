import { HavnError } from "@havn/model";
import { apkWord } from "../resources/package/definition.ts";
import type { AptOperation } from "../resources/type.ts";
import { mustRun, runCommand } from "./commands.ts";

/**
 * With Alpine's apk, as `applyApt` with apt. An entry `name=1.2*` asks for a version: apk keeps a version that was asked
 * for in /etc/apk/world, so it is asked for by its beginning (`name~1.2`) or exactly.
 */
export async function applyApk(operation: AptOperation): Promise<Map<string, HavnError>> {
  const names = operation.install.map((entry) => entry.split("=")[0] ?? entry);
  let unknown = await findUnknown(names);
  if (unknown.size > 0) {
    await mustRun(["apk", "update", "--quiet"]);
    unknown = await findUnknown(names);
  }
  const install = operation.install
    .filter((entry) => !unknown.has(entry.split("=")[0] ?? entry))
    .map(apkEntry);
  if (install.length > 0) await mustRun(["apk", "add", "--quiet", "--no-progress", "--upgrade", ...install]);
  if (operation.remove.length > 0) await mustRun(["apk", "del", "--quiet", "--purge", ...operation.remove]);
  const { removeOnly = [] } = operation;
  if (removeOnly.length > 0) await mustRun(["apk", "del", "--quiet", ...removeOnly]);
  return new Map(
    [...unknown].map((name) => [
      name,
      new HavnError(`There is no package "${name}"`, {
        detail: "Correct its name, or declare the file that adds its repository and depend on that.",
      }),
    ]),
  );
}

/** As a person would write it. */
export const apkCommand = ({ install, remove, removeOnly = [] }: AptOperation): string[] =>
  install.length > 0
    ? ["apk", "add", ...install.map(apkEntry)]
    : ["apk", "del", ...(remove.length > 0 ? ["--purge"] : []), ...remove, ...removeOnly];

function apkEntry(entry: string): string {
  const [name = "", version] = entry.split("=");
  return version === undefined ? name : apkWord(name, version);
}

async function findUnknown(names: readonly string[]): Promise<Set<string>> {
  const unknown = new Set<string>();
  for (const name of names) {
    const { stdout } = await runCommand(["apk", "search", "--quiet", "--exact", name]);
    if (!stdout.split("\n").includes(name)) unknown.add(name);
  }
  return unknown;
}
