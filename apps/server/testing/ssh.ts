import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs a shell command as root on a machine that the control plane of `dataDirectory` made. Throws when it fails. */
export async function ssh(dataDirectory: string, ip: string, command: string): Promise<string> {
  const options = [
    "BatchMode=yes",
    "ConnectTimeout=10",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
  ];
  const { stdout } = await promisify(execFile)(
    "ssh",
    [
      ...["-F", "none", "-i", join(dataDirectory, "ssh/id_ed25519")],
      ...options.flatMap((option) => ["-o", option]),
      ...[`root@${ip}`, command],
    ],
    { timeout: 180_000 },
  );
  return stdout;
}
