import { chmod, chown, lstat, mkdir, rm, rmdir } from "node:fs/promises";
import { HavnError } from "@havn/model";
import type { Attributes, Operation } from "../resources/type.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { applyApt } from "./apt.ts";
import { mustRun, runCommand } from "./commands.ts";
import { setLineOperation } from "./set-line.ts";
import { writeFileAtomically } from "./write-file.ts";

/** Carries one operation out. Throws a HavnError that tells what was attempted. */
export async function perform(operation: Operation): Promise<void> {
  switch (operation.kind) {
    case "run":
      return runOperation(operation);
    case "write":
      return writeOperation(operation);
    case "set line":
      return setLineOperation(operation);
    case "make directory":
      await withParent(operation.path, () => mkdir(operation.path, { mode: 0o700 }));
      return setAttributes(operation.path, operation.attributes);
    case "set attributes":
      return setAttributes(operation.path, operation.attributes);
    case "remove file":
      return rm(operation.path, { force: true });
    case "remove directory":
      return removeDirectory(operation.path, operation.keepFull);
    case "apt": {
      const failures = await applyApt(operation);
      const [first] = failures.values();
      if (first) throw first;
    }
  }
}

/** As a person may see it: standard input and contents are left out. */
export function describeOperation(operation: Operation): string[] {
  switch (operation.kind) {
    case "run":
      return operation.command;
    case "apt":
      return ["apt-get", "install", ...operation.install, ...operation.remove.map((name) => `${name}-`)];
    case "write":
    case "set line":
    case "make directory":
    case "set attributes":
    case "remove file":
    case "remove directory":
      return [operation.kind, operation.path];
  }
}

async function runOperation({ command, stdin }: Operation & { kind: "run" }): Promise<void> {
  try {
    await mustRun(command, stdin === undefined ? {} : { stdin });
  } catch (error) {
    const [program, verb, unit] = command;
    if (program !== "systemctl" || !unit || !["start", "restart", "reload-or-restart"].includes(verb ?? ""))
      throw error;
    const log = await runCommand([
      "journalctl",
      `--unit=${unit}`,
      "--lines=15",
      "--no-pager",
      "--output=cat",
    ]);
    throw new HavnError(`${unit} did not ${verb === "start" ? "start" : "restart"}`, {
      detail: `Its last lines:\n${log.stdout.trim()}`,
      cause: error,
    });
  }
}

async function writeOperation({
  path,
  content,
  attributes,
  validate,
}: Operation & { kind: "write" }): Promise<void> {
  const accounts = createAccounts();
  const before = await lstat(path).catch(() => undefined);
  await withParent(path, () =>
    writeFileAtomically(path, content, async (file, temporary) => {
      const { uid, gid } = await ownerIds(attributes, accounts);
      if (uid !== undefined || gid !== undefined || before)
        await file.chown(uid ?? before?.uid ?? -1, gid ?? before?.gid ?? -1);
      await file.chmod(Number.parseInt(attributes.mode ?? "0644", 8));
      if (validate) await mustRun(validate.map((word) => word.replaceAll("%s", temporary)));
    }),
  );
}

async function setAttributes(path: string, attributes: Attributes): Promise<void> {
  const { uid, gid } = await ownerIds(attributes, createAccounts());
  if (uid !== undefined || gid !== undefined) await chown(path, uid ?? -1, gid ?? -1);
  if (attributes.mode !== undefined) await chmod(path, Number.parseInt(attributes.mode, 8));
}

async function ownerIds({ owner, group }: Attributes, accounts: Accounts) {
  return {
    uid: owner === undefined ? undefined : await accounts.userId(owner),
    gid: group === undefined ? undefined : await accounts.groupId(group),
  };
}

async function withParent<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new HavnError(`The folder of ${path} is not there`, {
      detail: "Declare it as a directory, or depend on the package that brings it.",
      cause: error,
    });
  }
}

async function removeDirectory(path: string, keepFull: boolean): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || (keepFull && code === "ENOTEMPTY")) return;
    if (code === "ENOTEMPTY")
      throw new HavnError(`${path} is not empty`, {
        detail: "Havn removes no folder that holds something. Empty it first.",
      });
    throw error;
  }
}
