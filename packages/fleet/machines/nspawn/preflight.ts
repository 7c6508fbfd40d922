import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Diagnostic, HavnError } from "@havn/model";
import { withLock } from "./lock.ts";
import { run, succeeds } from "./run.ts";

/** Debian package → a file that it brings: a command on the PATH, or an absolute path. */
const needed: Record<string, string> = {
  debootstrap: "debootstrap",
  "systemd-container": "systemd-nspawn",
  nftables: "nft",
  iproute2: "ip",
  "openssh-client": "ssh-keygen",
  "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
};

export interface Preflight {
  /** Why no machine can be made on this computer, with what to do; empty when it can. */
  diagnostics: Diagnostic[];
  /** Debian packages that will be installed first. */
  missingPackages: string[];
}

/** Looks; changes nothing. */
export async function preflight(): Promise<Preflight> {
  const diagnostics: Diagnostic[] = [];
  const missingPackages: string[] = [];
  const problem = (summary: string, detail: string) =>
    diagnostics.push({
      severity: "error",
      summary,
      detail: `${detail} Or run examples/hello, which needs none.`,
    });

  if (process.platform !== "linux") {
    problem(
      "Machines need Linux",
      `This computer runs ${process.platform}. Run Havn on Debian 12 or Ubuntu.`,
    );
    return { diagnostics, missingPackages };
  }
  if (process.getuid?.() !== 0) {
    problem(
      "Machines need root",
      "Making machines mounts file systems and makes networks. Run it with sudo.",
    );
    return { diagnostics, missingPackages };
  }
  for (const [name, file] of Object.entries(needed)) if (!(await present(file))) missingPackages.push(name);
  if (missingPackages.length > 0 && !(await present("apt-get")))
    problem(
      `Missing: ${missingPackages.join(", ")}`,
      "This computer has no apt-get to install them with. Install them with its own package tool.",
    );
  if (!(await hasOverlay()))
    problem(
      "Machines need overlayfs",
      "The kernel of this computer has no overlay file system (modprobe overlay).",
    );
  if (!(await succeeds("unshare", ["--mount", "--net", "mount", "-t", "tmpfs", "havn-preflight", "/mnt"])))
    problem(
      "Machines need the right to mount",
      "This root may not make namespaces and mounts: a container without privileges? Use the computer itself.",
    );
  return { diagnostics, missingPackages };
}

/** Installs what is missing, saying first what. Throws a HavnError where machines cannot be made. */
export async function makeReady(tell: (detail: string) => void, signal?: AbortSignal): Promise<void> {
  const { diagnostics, missingPackages } = await preflight();
  const [first] = diagnostics;
  if (first)
    throw new HavnError(`This computer cannot make machines: ${first.summary}`, {
      detail: diagnostics.map(({ detail }) => detail).join("\n"),
      status: 409,
      diagnostics,
    });
  if (missingPackages.length === 0) return;
  await withLock("packages", () => install(missingPackages, tell, signal), { signal });
}

async function install(
  packages: string[],
  tell: (detail: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  tell(`installing Debian packages on this computer: ${packages.join(", ")}`);
  const arguments_ = ["install", "--yes", "--no-install-recommends", ...packages];
  const options = { signal, environment: { DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await run("apt-get", arguments_, options).catch(async () => {
      await run("apt-get", ["update"], options); // the lists are missing or too old
      await run("apt-get", arguments_, options);
    });
  } catch (cause) {
    throw new HavnError(`Could not install ${packages.join(", ")}`, {
      detail: `${cause instanceof HavnError ? cause.detail : ""}\nInstall them by hand: apt-get install ${packages.join(" ")}`,
      cause,
    });
  }
}

async function hasOverlay(): Promise<boolean> {
  const listed = async () => /\boverlay$/m.test(await readFile("/proc/filesystems", "utf8"));
  return (await listed()) || ((await succeeds("modprobe", ["overlay"])) && (await listed()));
}

async function present(file: string): Promise<boolean> {
  const candidates = file.startsWith("/")
    ? [file]
    : [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].map((folder) =>
        join(folder, file),
      );
  for (const candidate of candidates)
    if (
      await access(candidate, file.startsWith("/") ? constants.R_OK : constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true;
  return false;
}
