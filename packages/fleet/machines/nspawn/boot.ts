import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { HavnError, systemClock } from "@havn/model";
import { exists, findText, writeDurable } from "./files.ts";
import { bridgeOf, type Network } from "./network.ts";
import { findRunner, makeGroups, unitOf, unitProperties } from "./processes.ts";
import { shareInMachine } from "./recipe.ts";
import type { MachineRecord } from "./records.ts";
import { run } from "./run.ts";

/**
 * The overlay is mounted in a mount namespace of the machine's own: however it ends, the kernel takes the mount away
 * with its last process, and nothing of it is ever seen on this computer. So is systemd-nspawn's bookkeeping, which it
 * does not clear when killed.
 */
const mountDisk = `
exec > console.log 2>&1
mount -t overlay havn -o "lowerdir=$1,upperdir=upper,workdir=work" root || exit 1
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=755 havn /run/systemd/nspawn || exit 1
shift
`;

/** With this status systemd-nspawn says that the machine wants to boot again. */
const rebooting = 133;

const becomeUnit = `${mountDisk}
exec systemd-nspawn "$@"
`;

/** Without a service manager, this shell boots it again. It keeps out of the machine's own control groups, which in
 *  version 2 may hold either processes or groups. */
const becomeMachine = `
groups=$HAVN_CGROUPS
unset HAVN_CGROUPS
for group in $groups; do mkdir -p "$group/keeper" "$group/machine"; echo $$ > "$group/keeper/cgroup.procs"; done
${mountDisk}
trap 'kill -TERM "$machine"' TERM
status=${rebooting}
while [ "$status" = ${rebooting} ]; do
  sh -c 'for group in $0; do echo $$ > "$group/machine/cgroup.procs"; done; exec systemd-nspawn "$@"' "$groups" "$@" &
  machine=$!
  wait "$machine"
  status=$?
  # A signal ends the first wait, not the machine.
  while kill -0 "$machine" 2> /dev/null; do wait "$machine"; status=$?; done
done
`;

/** Starts a machine that does not run. It is no child of ours in any sense that matters: it outlives this process. */
export async function boot(folder: string, machine: MachineRecord, network: Network): Promise<void> {
  await prepareDisk(folder, machine);
  const underSystemd = await exists("/run/systemd/system");
  const groups = underSystemd ? [] : await makeGroups(machine.id, machine.spec);
  const script = underSystemd ? becomeUnit : becomeMachine;
  const shell = ["--mount", "--propagation", "slave", "sh", "-c", script, "sh", machine.image];
  const command = ["unshare", ...shell, ...(await machineArguments(folder, machine, network))];
  if (underSystemd) return startUnit(folder, machine, command);
  const environment = { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, HAVN_CGROUPS: groups.join(" ") };
  const [file = "", ...rest] = command;
  const child = spawn(file, rest, { cwd: folder, detached: true, stdio: "ignore", env: environment });
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  child.unref();
}

/** A unit of its own: stopping the control plane's unit must not take the machines with it. */
async function startUnit(folder: string, machine: MachineRecord, command: string[]): Promise<void> {
  const properties = [
    "Delegate=yes",
    "KillMode=mixed",
    `RestartForceExitStatus=${rebooting}`,
    `SuccessExitStatus=${rebooting}`,
    `WorkingDirectory=${folder}`,
    ...unitProperties(machine.spec),
  ].map((property) => `--property=${property}`);
  const names = [
    `--unit=${unitOf(machine.id)}`,
    `--description=Havn machine ${machine.environment}/${machine.name}`,
  ];
  await run("systemd-run", ["--quiet", "--collect", ...names, ...properties, "--", ...command]);
}

export const rootOf = (folder: string) => join(folder, "root");
/** systemd-nspawn names a machine's link on this computer after it; Linux allows 15 characters. */
export const linkOf = (machine: MachineRecord) => `vb-${machine.id}`;

async function machineArguments(folder: string, machine: MachineRecord, network: Network): Promise<string[]> {
  const share = join(folder, "share").replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  return [
    "--quiet",
    "--boot",
    "--settings=no",
    // No systemd-machined, which not every computer runs; the scope or group that we are in already is the machine's.
    "--register=no",
    "--keep-unit",
    `--directory=${rootOf(folder)}`,
    `--machine=${machine.id}`,
    `--hostname=${machine.name}`,
    `--network-bridge=${bridgeOf(network)}`,
    "--capability=CAP_NET_ADMIN",
    ...((await exists("/dev/net/tun")) ? ["--bind=/dev/net/tun"] : []),
    `--bind-ro=${share}:${shareInMachine}`,
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--console=pipe",
    "--kill-signal=SIGRTMIN+4",
  ];
}

/** Writes what makes this machine itself into its layer, once: later boots keep what was changed inside. */
async function prepareDisk(folder: string, machine: MachineRecord): Promise<void> {
  if (!(await exists(machine.image)))
    throw new HavnError(`The image of machine ${machine.name} is gone`, {
      detail: `It was made from ${machine.image}. Destroy the machine and make it again.`,
      status: 409,
    });
  for (const name of ["root", "work"]) await mkdir(join(folder, name), { recursive: true });
  if (await exists(join(folder, "upper"))) return;
  const upper = join(folder, "upper.new");
  await rm(upper, { recursive: true, force: true });
  const files: [path: string, content: string, mode: number][] = [
    ["etc/hostname", `${machine.name}\n`, 0o644],
    ["etc/machine-id", `${randomBytes(16).toString("hex")}\n`, 0o444],
    ["etc/ssh/ssh_host_ed25519_key", machine.privateHostKey, 0o600],
    ["etc/ssh/ssh_host_ed25519_key.pub", `${machine.hostKey} root@${machine.name}\n`, 0o644],
    ["etc/systemd/network/10-havn.network", networkFile(machine), 0o644],
  ];
  for (const [path, content, mode] of files) {
    await mkdir(dirname(join(upper, path)), { recursive: true });
    await writeDurable(join(upper, path), content, mode);
  }
  // Folders of the layer hide the mode of the image's: whatever our umask is, these are readable by all.
  for (const path of ["", "etc", "etc/ssh", "etc/systemd", "etc/systemd/network"])
    await chmod(join(upper, path), 0o755);
  await rename(upper, join(folder, "upper"));
}

const networkFile = ({
  ip,
  environment,
  name,
}: MachineRecord) => `# ${environment}/machine/${name}, written by Havn
[Match]
Name=host0

[Network]
Address=${ip}/24
Gateway=${ip.replace(/\d+$/, "1")}
LinkLocalAddressing=no
IPv6AcceptRA=no
`;

/** Resolves when the machine's SSH server greets. Throws with the end of its console when it ends or takes too long. */
export async function waitForSsh(
  folder: string,
  machine: MachineRecord,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = systemClock.now() + 90_000;
  for (let attempts = 1; !(await greets(machine.ip)); attempts++) {
    signal?.throwIfAborted();
    const stopped = attempts % 10 === 0 && !(await findRunner(rootOf(folder)));
    if (stopped || systemClock.now() > deadline) {
      const console = ((await findText(join(folder, "console.log"))) ?? "")
        .trim()
        .split("\n")
        .slice(-8)
        .join("\n");
      throw new HavnError(
        `Machine ${machine.name} ${stopped ? "stopped while it booted" : "does not answer on SSH after 90 s"}`,
        { detail: `${console}\nIts console: ${join(folder, "console.log")}`.trim(), retryable: true },
      );
    }
    await systemClock.sleep(25, signal);
  }
}

function greets(ip: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port: 22 });
    let greeted = false;
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      greeted = bytes.toString("latin1").startsWith("SSH-");
      socket.destroy();
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(greeted));
  });
}
