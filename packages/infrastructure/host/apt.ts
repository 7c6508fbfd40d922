import { HavnError, systemClock } from "@havn/model";
import type { AptOperation } from "../resources/type.ts";
import { apkCommand, applyApk } from "./apk.ts";
import { mustRun, runCommand } from "./commands.ts";
import { applyDnf, dnfCommand } from "./dnf.ts";

/**
 * Installs and removes in one transaction; waits for whoever holds dpkg's lock. The package lists are fetched only
 * when a name is unknown or what they promise is gone. Gives an error for each name (without its version) that no list
 * has: the others are installed all the same. Throws when the transaction fails.
 */
export async function applyApt(operation: AptOperation): Promise<Map<string, HavnError>> {
  if (operation.manager === "dnf") return applyDnf(operation);
  if (operation.manager === "apk") return applyApk(operation);
  const names = operation.install.map(nameIn);
  let unknown = await findUnknown(names);
  if (unknown.length > 0) {
    await updateLists();
    unknown = await findUnknown(names);
  }
  if (operation.answers) await mustRun(["debconf-set-selections"], { stdin: operation.answers });
  const install = operation.install.filter((entry) => !unknown.includes(nameIn(entry)));
  const { removeOnly = [], ...rest } = operation;
  if (install.length + operation.remove.length > 0) await transact({ ...rest, install });
  if (removeOnly.length > 0) await transact({ ...rest, install: [], remove: [], removeOnly });
  return new Map(
    unknown.map((name) => [
      name,
      new HavnError(`There is no package "${name}"`, {
        detail: "Correct its name, or declare the file that adds its archive to apt and depend on that.",
      }),
    ]),
  );
}

export const nameIn = (entry: string): string => entry.split("=")[0] ?? entry;

/** All of them as one; they are of one package manager. */
export const mergeApt = (operations: readonly AptOperation[]): AptOperation => ({
  kind: "apt",
  ...(operations[0]?.manager && { manager: operations[0].manager }),
  install: operations.flatMap(({ install }) => install),
  remove: operations.flatMap(({ remove }) => remove),
  removeOnly: operations.flatMap(({ removeOnly = [] }) => removeOnly),
  answers: operations.map(({ answers = "" }) => answers).join(""),
  autoremove: operations.some(({ autoremove }) => autoremove),
  changeHeld: operations.some(({ changeHeld }) => changeHeld),
});

/** As a person would write it. */
export function aptCommand(operation: AptOperation): string[] {
  const { manager, install, remove, removeOnly = [], autoremove } = operation;
  if (manager === "dnf") return dnfCommand(operation);
  if (manager === "apk") return apkCommand(operation);
  return [
    ...["apt-get", "install", ...(removeOnly.length > 0 ? [] : ["--purge"])],
    ...(autoremove ? ["--autoremove"] : []),
    ...[...install, ...[...remove, ...removeOnly].map((name) => `${name}-`)],
  ];
}

async function transact({ install, remove, removeOnly = [], autoremove, changeHeld }: AptOperation) {
  const command = [
    ...["apt-get", "install", "--yes", "--no-install-recommends", "--allow-downgrades"],
    ...(removeOnly.length > 0 ? [] : ["--purge"]),
    ...(autoremove ? ["--autoremove"] : []),
    ...(changeHeld ? ["--allow-change-held-packages"] : []),
    ...["-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0"],
    ...["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"],
    ...((await isContainer()) ? ["-o", "Dpkg::Options::=--force-unsafe-io"] : []),
    ...["--", ...install, ...[...remove, ...removeOnly].map((name) => `${name}-`)],
  ];
  const first = await runCommand(command);
  if (first.code === 0) return;
  // An earlier transaction was cut short, or the lists are older than the archive: mend that, then once more.
  if (first.stderr.includes("dpkg --configure -a"))
    await mustRun(["dpkg", "--configure", "-a", "--force-confdef", "--force-confold"]);
  else if (
    /404|Unable to fetch|Failed to fetch|Hash Sum mismatch|Version .* was not found/.test(first.stderr)
  )
    await updateLists();
  await mustRun(command);
}

/**
 * A container that dies loses nothing of what it wrote (the kernel that holds it lives on), so that dpkg need not wait
 * for the disk after each file: half the time of an installation.
 */
const isContainer = async (): Promise<boolean> =>
  (await runCommand(["systemd-detect-virt", "--container", "--quiet"]).catch(() => ({ code: 1 }))).code === 0;

/** apt has no option that waits for the lock of its lists. */
async function updateLists(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const result = await runCommand(["apt-get", "update", "--quiet", "-o", "Acquire::Languages=none"]);
    if (result.code === 0) return;
    if (!result.stderr.includes("Could not get lock") || attempt >= 150)
      throw new HavnError("apt-get update failed", {
        detail: `${result.stderr.trim().split("\n").slice(-5).join("\n")}\nCheck that the host reaches its package archive.`,
        retryable: true,
      });
    await systemClock.sleep(2000);
  }
}

/** Those of `names` that no package list offers. */
async function findUnknown(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const { stdout } = await mustRun(["apt-cache", "policy", "--", ...names]);
  const offered = new Set<string>();
  let name = "";
  for (const line of stdout.split("\n")) {
    if (/^\S.*:$/.test(line)) name = line.slice(0, -1);
    else if (line.startsWith("  Candidate: ") && !line.endsWith("(none)")) offered.add(name);
  }
  return names.filter((one) => !offered.has(one));
}
