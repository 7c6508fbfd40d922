import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { arch, cpus, hostname, networkInterfaces, platform, release, totalmem } from "node:os";
import { parseOsRelease } from "@havn/infrastructure/host";
import type { Facts } from "@havn/model";
import { findFile } from "./files.ts";

/** What this host is. `agentVersion` is the beginning of the sha256 of the agent's own file. */
export async function readFacts(): Promise<Facts> {
  const root = process.getuid?.() === 0;
  const system = parseOsRelease((await findFile("/etc/os-release")) ?? "");
  return {
    hostname: hostname(),
    os: {
      id: system.ID ?? platform(),
      version: system.VERSION_ID ?? release(),
      name: system.PRETTY_NAME ?? `${platform()} ${release()}`,
      platform: platform(),
    },
    kernel: release(),
    architecture: arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    addresses: Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
      .map(({ address }) => address),
    bootId: (await findFile("/proc/sys/kernel/random/boot_id"))?.trim() ?? "",
    // Where sd_booted(3) looks.
    init: existsSync("/run/systemd/system") && root ? "systemd" : "none",
    root,
    agentVersion: await agentVersion(),
  };
}

let version: Promise<string> | undefined;
function agentVersion(): Promise<string> {
  version ??= readFile(process.argv[1] ?? "").then((content) =>
    createHash("sha256").update(content).digest("hex").slice(0, 12),
  );
  return version;
}
