import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HavnError } from "@havn/model";

export interface SshTarget {
  address: string;
  port: number;
  user: string;
  /** `ssh-ed25519 AAAA…`; without it the key seen first is kept and demanded from then on. */
  hostKey?: string | undefined;
  /** The user's own key instead of the control plane's. */
  identityFile?: string | undefined;
  /** A host that Havn did not make: the user's SSH configuration counts, and `hostKey` may be a fingerprint. */
  foreign?: boolean | undefined;
  /** As `ssh -J` takes it. */
  jump?: string | undefined;
}

export interface Ssh {
  /** Line of authorized_keys for the control plane's own key, which is made at first use. */
  publicKey(): Promise<string>;
  /**
   * Runs `command` in a POSIX shell of `target` and resolves with what it printed. `command` must be a constant:
   * values go through `input`. Throws a HavnError with the last lines of its errors.
   */
  run(
    target: SshTarget,
    command: string,
    options?: { input?: string | Readable; timeoutMs?: number; signal?: AbortSignal | undefined },
  ): Promise<string>;
  /** Starts `command` there with further options of ssh, and gives the process; it ends when `signal` aborts. */
  start(
    target: SshTarget,
    options: readonly string[],
    command: string,
    signal: AbortSignal,
  ): Promise<ChildProcessWithoutNullStreams>;
  /** Fingerprint of the key that is demanded of the target; undefined where only the user's own file knows it. */
  fingerprint(target: SshTarget): Promise<string | undefined>;
  forget(target: SshTarget): Promise<void>;
}

const keptOutputBytes = 64 * 1024;

/** Uses the system's `ssh`; its key and the known host keys live in `directory`. */
export function openSsh(directory: string): Ssh {
  const keyFile = join(directory, "id_ed25519");
  let key: Promise<string> | undefined;

  async function makeKey(): Promise<string> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (!existsSync(`${keyFile}.pub`)) {
      await rm(keyFile, { force: true });
      await runProgram("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "havn", "-f", keyFile], {});
    }
    return (await readFile(`${keyFile}.pub`, "utf8")).trim();
  }
  const publicKey = () => {
    key ??= makeKey().catch((error) => {
      key = undefined;
      throw error;
    });
    return key;
  };

  const knownHostsFile = (target: SshTarget) =>
    join(directory, `known_hosts-${target.address.replaceAll(/[^A-Za-z0-9.-]/g, "_")}-${target.port}`);

  /** Arguments up to the command; what is demanded of the host's key stands on disk by then. */
  async function prepare(target: SshTarget): Promise<string[]> {
    await publicKey();
    const known = knownHostsFile(target);
    const files = { keyFile, known };
    if (target.hostKey?.startsWith("SHA256:")) await pinFingerprint(target, target.hostKey, files);
    else if (target.hostKey) await writeFile(known, knownHostsLine(target, target.hostKey), { mode: 0o600 });
    return sshArguments(target, files);
  }

  /** Takes the key that the host shows, if it has that fingerprint; nothing is sent to it before. */
  async function pinFingerprint(
    target: SshTarget,
    wanted: string,
    files: { keyFile: string; known: string },
  ) {
    const { known } = files;
    if (existsSync(known) && (await fingerprintIn(known, target)) === wanted) return;
    await rm(known, { force: true });
    const look = sshArguments({ ...target, hostKey: undefined }, { ...files, onlyOwn: true });
    // The key is shown before anybody signs in: that this fails is expected.
    await runProgram("ssh", ["-o", "PreferredAuthentications=none", ...look, "true"], { target }).catch(
      () => {},
    );
    const shown = existsSync(known) ? await fingerprintIn(known, target) : undefined;
    if (shown === wanted) return;
    await rm(known, { force: true });
    throw new HavnError(
      shown === undefined
        ? `${target.address} showed no SSH key`
        : `${target.address} shows the SSH key ${shown}, and ${wanted} is declared`,
      {
        detail:
          shown === undefined
            ? "Is it up, and reachable this way?"
            : "Either it was made anew, or this is another computer. Nothing was sent to it.",
        status: 502,
        retryable: shown === undefined,
      },
    );
  }

  return {
    publicKey,
    async run(target, command, options = {}) {
      return runProgram("ssh", [...(await prepare(target)), command], { ...options, target });
    },
    async start(target, options, command, signal) {
      return spawn("ssh", [...options, ...(await prepare(target)), command], { signal });
    },
    async fingerprint(target) {
      const known = knownHostsFile(target);
      return existsSync(known) ? fingerprintIn(known, target) : undefined;
    },
    async forget(target) {
      const known = knownHostsFile(target);
      await Promise.all([known, wayFile(known)].map((file) => rm(file, { force: true })));
    },
  };
}

/** Keys of the hosts on the way to that one. */
const wayFile = (known: string) => `${known}.way`;

function knownHostsLine({ address, port }: SshTarget, hostKey: string): string {
  return `${port === 22 ? address : `[${address}]:${port}`} ${hostKey.trim()}\n`;
}

/** Of the target's own line: others in the file are those of hosts on the way. */
async function fingerprintIn(known: string, target: SshTarget): Promise<string | undefined> {
  const name = target.port === 22 ? target.address : `[${target.address}]:${target.port}`;
  const told = await runProgram("ssh-keygen", ["-l", "-F", name, "-f", known], {}).catch(() => "");
  return /SHA256:\S+/.exec(told)?.[0];
}

/** The way through `user@host:port,…` as a command: unlike with -J, the control plane's key opens the last hop too. */
function proxyCommand(jump: string, options: readonly string[]): string {
  const hops = jump.split(",");
  const [, user, host = "", port = "22"] =
    /^(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(hops.at(-1) ?? "") ?? [];
  for (const value of [host.replace(/^\[|\]$/g, ""), user ?? "root"])
    if (!/^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/.test(value))
      throw new HavnError(`"${jump}" is no way for SSH`, { detail: "Write user@host:port.", status: 400 });
  const before = hops.length > 1 ? ["-J", hops.slice(0, -1).join(",")] : [];
  const who = user === undefined ? [] : ["-l", user];
  const words = [
    "ssh",
    ...options,
    ...before,
    ...who,
    "-p",
    port,
    "-W",
    "[%h]:%p",
    "--",
    host.replace(/^\[|\]$/g, ""),
  ];
  return words
    .map((word) => (/^[\w%@:,./=^[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

export function sshArguments(
  target: SshTarget,
  files: { keyFile: string; known: string; onlyOwn?: boolean },
): string[] {
  // A leading hyphen would be read as an option, a blank as the end of the name.
  for (const value of [target.address, target.user])
    if (!/^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/.test(value))
      throw new HavnError(`"${value}" is no address or user for SSH`, { status: 400 });
  const pinned = target.hostKey !== undefined && !target.foreign;
  const strict = target.hostKey !== undefined;
  const own = target.identityFile;
  const identity = ["-i", own ? own.replace(/^~(?=\/)/, homedir()) : files.keyFile];
  const options = {
    BatchMode: "yes",
    ConnectTimeout: "10",
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    StrictHostKeyChecking: strict ? "yes" : "accept-new",
    UserKnownHostsFile: strict || files.onlyOwn ? files.known : `${files.known} ~/.ssh/known_hosts`,
    LogLevel: "ERROR",
    // The fastest where the processor has AES instructions; the client's own list follows.
    Ciphers: "^aes128-gcm@openssh.com",
    Compression: "no",
    HashKnownHosts: "no",
    ...(strict || files.onlyOwn ? { GlobalKnownHostsFile: "/dev/null" } : {}),
    ...(pinned ? { IdentitiesOnly: "yes" } : {}),
  };
  const written = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  // Hosts on the way show keys of their own: the first one is kept.
  const onTheWay = [
    "-o",
    "StrictHostKeyChecking=accept-new",
    "-o",
    `UserKnownHostsFile=${wayFile(files.known)} ~/.ssh/known_hosts`,
  ];
  const way = target.jump
    ? ["-o", `ProxyCommand=${proxyCommand(target.jump, [...onTheWay, ...written, ...identity])}`]
    : [];
  return [
    // A machine of our own owes nothing to the user's SSH configuration; a host of theirs may need it.
    ...(pinned ? ["-F", "/dev/null"] : []),
    ...way,
    ...written,
    ...identity,
    ...["-p", String(target.port), "-l", target.user, "--", target.address],
  ];
}

async function runProgram(
  program: string,
  args: string[],
  options: {
    input?: string | Readable;
    timeoutMs?: number;
    signal?: AbortSignal | undefined;
    target?: SshTarget;
  },
): Promise<string> {
  const { input, timeoutMs = 60_000, target } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-keptOutputBytes);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-keptOutputBytes);
  });
  const where = target ? ` on ${target.user}@${target.address}` : "";
  // The far end may stop reading before all is sent; its exit status says why.
  const sent =
    input === undefined || typeof input === "string"
      ? Promise.resolve(child.stdin.on("error", () => {}).end(input ?? ""))
      : pipeline(input, child.stdin).catch(() => {});
  try {
    const [code] = await once(child, "close");
    await sent;
    if (code === 0) return output;
    const lines = errors.trim().split("\n").slice(-5).join("\n");
    throw new HavnError(
      code === 255 ? `SSH${where} failed` : `${program}${where} ended with status ${code}`,
      {
        detail: lines || "It said nothing about why.",
        status: 502,
        retryable: code === 255,
      },
    );
  } catch (cause) {
    if (cause instanceof HavnError || options.signal?.aborted) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new HavnError(
      missing ? `${program} is not installed` : `SSH${where} took longer than ${timeoutMs} ms`,
      {
        detail: missing
          ? "Install the package openssh-client on the computer that runs Havn."
          : "Is the host reachable, and not overloaded?",
        status: 502,
        retryable: !missing,
        cause,
      },
    );
  }
}
