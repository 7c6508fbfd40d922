import { spawn } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNspawnProvider, type MachineAccess, type NspawnProvider } from "@havn/fleet/machines/nspawn";
import type { MachineProperties } from "@havn/model";
import { labPrefix, labsDirectory, removeLab, sweepLabs } from "./stale.ts";

export interface LabOptions {
  /** Names of machines, DNS labels. */
  machines: string[];
  environment?: string;
  /** Upper bounds of each machine. */
  limits?: Pick<MachineProperties, "memory" | "cpus">;
  /** Told what is happening, for tests that are watched. */
  tell?: (detail: string) => void;
}

export interface CommandResult {
  stdout: string;
  stderr: string;
  /** Exit status of the command; 255 also where SSH itself failed. */
  code: number;
}

export interface LabMachine {
  name: string;
  ip: string;
  access: MachineAccess;
  /** Runs a shell command as root. Never throws for a command that fails: look at `code`. */
  ssh(command: string, options?: { input?: string | Uint8Array }): Promise<CommandResult>;
  /** Copies a file or folder of this computer to a path on the machine. */
  copy(from: string, to: string): Promise<void>;
  /** A power cut. The disk stays. */
  kill(): Promise<void>;
  /** A clean shutdown. */
  stop(): Promise<void>;
  /** Boots it again, with its disk and its address; resolves when SSH answers. */
  start(): Promise<void>;
}

export interface Lab extends AsyncDisposable {
  environment: string;
  machines: LabMachine[];
  /** The machine of that name. Throws where the lab has none. */
  machine(name: string): LabMachine;
  /** This computer's address on the lab's network. */
  bridgeAddress: string;
  /** Private key that every machine lets in as root. */
  identityFile: string;
  publicKey: string;
  dataDirectory: string;
  /** The product's own provider, on `dataDirectory`. */
  provider: NspawnProvider;
}

/**
 * Real machines for a test, on a network of their own, gone at the end of `await using`. They are also gone when this
 * process ends in any other way: a guard waits for that. What a guard could not clear (both were killed, the computer
 * stopped), the next lab on this computer does.
 */
export async function lab(options: LabOptions): Promise<Lab> {
  const { environment = "lab", tell = () => {} } = options;
  await sweepLabs().catch((error) => tell(`a lab of an earlier run could not be removed: ${error}`));
  const dataDirectory = await makeFolder();
  startGuard();
  try {
    const provider = createNspawnProvider({ dataDirectory });
    await provider.prepareImage(tell);
    const identityFile = join(dataDirectory, "identity");
    await runProgram("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", identityFile]);
    const publicKey = (await runProgram("ssh-keygen", ["-y", "-f", identityFile])).trim();
    const spec: MachineProperties = { provider: "nspawn", image: "debian-12", ...options.limits };
    const start = (name: string) =>
      provider.ensure({ environment, name, spec, publicKey }, (detail) => tell(`${name}: ${detail}`));
    const machines = await allOrThrow(
      options.machines.map(async (name): Promise<LabMachine> => {
        const access = await start(name);
        return {
          name,
          ip: access.ip,
          access,
          ...(await connection(access, identityFile, join(dataDirectory, `known-hosts-${name}`))),
          kill: () => provider.kill(environment, name),
          stop: () => provider.stop(environment, name),
          start: async () => {
            await start(name);
          },
        };
      }),
    );
    return {
      environment,
      machines,
      machine: (name) => {
        const machine = machines.find((one) => one.name === name);
        if (!machine) throw new Error(`This lab has no machine "${name}"`);
        return machine;
      },
      bridgeAddress: machines[0]?.access.bridgeAddress ?? "",
      identityFile,
      publicKey,
      dataDirectory,
      provider,
      [Symbol.asyncDispose]: () => removeLab(dataDirectory),
    };
  } catch (error) {
    await removeLab(dataDirectory);
    throw error;
  }
}

async function makeFolder(): Promise<string> {
  const prefix = join(labsDirectory, await labPrefix());
  for (let attempts = 1; ; attempts++) {
    await mkdir(labsDirectory, { recursive: true, mode: 0o700 });
    try {
      return await mkdtemp(prefix);
    } catch (error) {
      // The last other lab may have taken the empty folder with it just then.
      if (attempts === 10 || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** Waits for all before it throws the first error: nothing of ours is still starting while the lab is removed. */
async function allOrThrow<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

let guarded = false;

/**
 * A process that does nothing until its input ends, which the kernel sees to when we end, whatever ends us; then it
 * sweeps. In a session of its own, so that Ctrl-C reaches us and not it.
 */
function startGuard(): void {
  if (guarded) return;
  guarded = true;
  const sweep = fileURLToPath(new URL("./sweep.ts", import.meta.url));
  const guard = spawn("sh", ["-c", 'cat > /dev/null; exec "$0" "$1"', process.execPath, sweep], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  guard.on("error", () => {}); // then only the next lab's start clears up after us
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
}

async function connection(
  access: MachineAccess,
  identityFile: string,
  knownHosts: string,
): Promise<Pick<LabMachine, "ssh" | "copy">> {
  await writeFile(knownHosts, `${access.ip} ${access.hostKey}\n`);
  const options = Object.entries({
    BatchMode: "yes",
    ConnectTimeout: "10",
    ServerAliveInterval: "30",
    ServerAliveCountMax: "4",
    GlobalKnownHostsFile: "/dev/null",
    IdentitiesOnly: "yes",
    LogLevel: "ERROR",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: knownHosts,
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const common = ["-F", "none", "-i", identityFile, ...options];
  return {
    ssh: (command, { input } = {}) =>
      capture("ssh", [...common, `${access.sshUser}@${access.ip}`, command], input),
    async copy(from, to) {
      await runProgram("scp", [...common, "-q", "-r", from, `${access.sshUser}@${access.ip}:${to}`]);
    },
  };
}

async function runProgram(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await capture(program, args);
  if (code !== 0) throw new Error(`${program} failed with exit status ${code}: ${stderr.trim()}`);
  return stdout;
}

function capture(program: string, args: string[], input?: string | Uint8Array): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.stdin.on("error", () => {}); // the command may not read its input
    child.stdin.end(input ?? "");
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString() + (signal ? `\nended by ${signal}` : ""),
        code: code ?? 255,
      }),
    );
  });
}
