import { constants, copyFile, link, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import type { AgentConfig } from "../protocol/index.ts";
import { type AgentBundle, sha256OfFile } from "./bundle.ts";
import type { Ssh, SshTarget } from "./ssh.ts";
import { type TarEntry, tarStream } from "./tar.ts";
import { agentUnit, installScript, probeScript, removeScript, unpackCommand } from "./unit.ts";

export interface RemoteBootstrap {
  /** Installs and (re)starts the agent; sends only what the host does not have. May be run again at any point. */
  install(
    target: SshTarget,
    what: {
      config: AgentConfig;
      ca: string;
      token: string;
      bundle: AgentBundle;
      /** Where there is one, Node goes this way: 150 MB through SSH cost two seconds of processor a host. */
      share?: { here: string; inMachine: string } | undefined;
    },
    tell: (detail: string) => void,
  ): Promise<void>;
  /** The agent's last log lines, for an error; "" where they cannot be read. */
  lastLog(target: SshTarget): Promise<string>;
  remove(target: SshTarget): Promise<void>;
}

const architectures: Record<string, string> = { x86_64: "x64", aarch64: "arm64" };

export function createRemoteBootstrap(ssh: Ssh, nodeBinary: string): RemoteBootstrap {
  let nodeHash: Promise<string> | undefined;

  const shell = (target: SshTarget, script: string) =>
    target.user === "root" ? script : `sudo -n sh -c '${script}'`;

  async function probe(target: SshTarget) {
    const output = await ssh.run(target, shell(target, "sh -s"), { input: probeScript, timeoutMs: 30_000 });
    const [system = "", machine = "", init, node = "", agent = ""] = output.trim().split("\n");
    if (system !== "Linux" || architectures[machine] !== process.arch)
      throw new HavnError(`${target.address} runs ${system} on ${machine}`, {
        detail: `This control plane has an agent for Linux on ${process.arch}. Run Havn on such a computer.`,
        status: 400,
      });
    if (init !== "systemd")
      throw new HavnError(`${target.address} does not run systemd`, {
        detail: "Agents over SSH are kept running by systemd. Use a host that runs it.",
        status: 400,
      });
    return { node: node.split(" ")[0], agent: agent.split(" ")[0] };
  }

  return {
    async install(target, { config, ca, token, bundle, share }, tell) {
      nodeHash ??= sha256OfFile(nodeBinary);
      tell(`looking at ${target.address}`);
      const [there, hash] = await Promise.all([probe(target), nodeHash]);
      const entries: TarEntry[] = [
        { name: "install.sh", mode: 0o600, content: installScript },
        { name: "config.json", mode: 0o600, content: JSON.stringify(config) },
        { name: "ca.pem", mode: 0o600, content: ca },
        { name: "token", mode: 0o600, content: token },
        { name: "havn-agent.service", mode: 0o644, content: agentUnit },
      ];
      if (there.agent !== bundle.sha256) entries.push({ name: "agent.mjs", mode: 0o755, file: bundle.path });
      const shared = there.node !== hash && share ? join(share.here, "node") : undefined;
      if (shared && share) {
        await linkOrCopy(nodeBinary, shared);
        entries.push({ name: "node.from", mode: 0o600, content: `${share.inMachine}/node` });
      } else if (there.node !== hash) entries.push({ name: "node", mode: 0o755, file: nodeBinary });
      tell(there.node === hash ? "installing the agent" : "sending Node and the agent");
      try {
        const input = tarStream(entries);
        await ssh.run(target, shell(target, unpackCommand), { input, timeoutMs: 15 * 60_000 });
      } finally {
        if (shared) await rm(shared, { force: true });
      }
    },
    async lastLog(target) {
      const command = "journalctl --unit havn-agent --lines 8 --output cat --no-pager";
      return ssh.run(target, shell(target, command), { timeoutMs: 10_000 }).catch(() => "");
    },
    async remove(target) {
      await ssh.run(target, shell(target, "sh -s"), { input: removeScript, timeoutMs: 60_000 });
      await ssh.forget(target);
    },
  };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  // Another file system, most often.
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}
