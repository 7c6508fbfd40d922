import { rm, rmdir } from "node:fs/promises";
import { type Address, HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { applyApt, aptCommand } from "./apt.ts";
import { makeDirectory, setAttributes, setNewAttributes, withParent } from "./attributes.ts";
import { issueCertificate } from "./certificate.ts";
import { mustRun, runCommand } from "./commands.ts";
import { keepCopy, restoreCopy } from "./copies.ts";
import { download } from "./download.ts";
import { execute, reboot, sendRequest, waitFor } from "./execute.ts";
import { fetchArtifact } from "./fetch.ts";
import { loadFirewall } from "./firewall.ts";
import { shownUrl } from "./http.ts";
import { makeHardLink, makeLink, removeTree } from "./links.ts";
import { setLineOperation } from "./set-line.ts";
import { unpack } from "./unpack.ts";
import { withWay } from "./way.ts";
import { noRoom, writeFileAtomically } from "./write-file.ts";

/** What operations that note something or end the agent need of it. */
export interface Surroundings {
  note(value: unknown): Promise<void>;
  settle(triggers: readonly Address[]): Promise<void>;
  /** Resolves once the control plane has answered over a connection that was made after the call. */
  reach?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** A certificate of the control plane's authority for the names that are declared, from a request; all PEM. */
  certify?: ((request: string) => Promise<{ certificate: string; authority: string }>) | undefined;
  artifacts?: Artifacts | undefined;
}

export interface Artifacts {
  /** Some bytes from `offset`, and the whole size. Throws a HavnError, retryable where the control plane is away. */
  read(sha256: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
  /** How long a control plane that is away is waited for. */
  patienceMs: number;
}

/**
 * Carries one operation out. Gives what it wrote, where that is of use to a person. Throws a HavnError that tells what
 * was attempted.
 */
export async function perform(operation: Operation, around?: Surroundings): Promise<string | undefined> {
  switch (operation.kind) {
    case "execute":
      return execute(operation);
    case "request":
      return sendRequest(operation);
    default:
      await performSilently(operation, around).catch((error: unknown) => {
        throw "path" in operation && isFull(error) ? noRoom(operation.path, error) : error;
      });
      return undefined;
  }
}

const isFull = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");

type Silent = Exclude<Operation, { kind: "execute" | "request" }>;

async function performSilently(operation: Silent, around: Surroundings | undefined): Promise<void> {
  switch (operation.kind) {
    case "run":
      return runOperation(operation);
    case "write":
      return writeOperation(operation);
    case "set line":
      return setLineOperation(operation);
    case "make directory":
      await withParent(operation.path, makeDirectory);
      return setAttributes(operation.path, operation.attributes);
    case "set attributes":
      return setAttributes(operation.path, operation.attributes);
    case "remove file":
      return removeFile(operation.path);
    case "remove tree":
      return removeTree(operation.path);
    case "symlink":
      return makeLink(operation);
    case "hard link":
      return makeHardLink(operation);
    case "keep copy":
      return keepCopy(operation);
    case "restore copy":
      return restoreCopy(operation);
    case "download":
      return download(operation);
    case "fetch":
      return fetchArtifact(operation, around?.artifacts);
    case "unpack":
      return unpack(operation);
    case "wait":
      return waitFor(operation);
    case "reboot":
      // Before the host goes: afterwards nobody would know that it was done.
      await around?.settle(operation.settles ?? []);
      return reboot();
    case "load firewall":
      return loadFirewall(operation, around);
    case "issue certificate":
      return issueCertificate(operation, around);
    case "note":
      return around?.note(operation.value);
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
      return aptCommand(operation);
    case "execute":
      return operation.content === undefined ? operation.command : [...operation.command, "(script)"];
    case "request":
      return [operation.method, shownUrl(operation.url)];
    case "download":
      return [operation.kind, shownUrl(operation.url), operation.path];
    case "unpack":
      return [operation.kind, operation.archive, operation.path];
    case "fetch":
      return [operation.kind, operation.sha256, operation.path];
    case "symlink":
    case "hard link":
      return [operation.kind, operation.path, operation.target];
    case "wait":
      return [operation.kind, operation.probe.kind];
    case "load firewall":
      return [operation.kind, operation.family, operation.name];
    case "issue certificate":
      return [operation.kind, operation.certificate];
    case "reboot":
    case "note":
      return [operation.kind];
    case "write":
    case "set line":
    case "make directory":
    case "set attributes":
    case "remove file":
    case "remove directory":
    case "remove tree":
    case "keep copy":
    case "restore copy":
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
  encoding,
  attributes,
  validate,
}: Operation & { kind: "write" }): Promise<void> {
  await withParent(path, (at) =>
    writeFileAtomically(at, Buffer.from(content, encoding ?? "utf8"), async (file, temporary) => {
      await setNewAttributes(file, at, attributes);
      if (validate) await mustRun(validate.map((word) => word.replaceAll("%s", temporary)));
    }),
  );
}

const removeFile = (path: string): Promise<void> =>
  withWay(path, (at) => rm(at, { force: true })).catch((error: NodeJS.ErrnoException) => {
    // Where its folder is gone, so is it.
    if (error.code !== "ENOENT") throw error;
  });

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
