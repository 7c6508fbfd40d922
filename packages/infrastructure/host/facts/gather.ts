import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, hostname, machine, networkInterfaces, platform, release } from "node:os";
import type { HostFactName, HostFacts } from "@havn/model";
import { unescapeOctal } from "../../resources/fstab.ts";
import { findText } from "../../resources/read-files.ts";
import type { CommandResult } from "../../resources/type.ts";
import { parseOsRelease } from "./os-release.ts";

export type Run = (
  command: readonly string[],
  options?: { stdin?: string; timeoutMs?: number },
) => Promise<CommandResult>;

/** How each fact is found out, and for how long it may be used again. None changes anything. */
export const gatherers: {
  readonly [Name in HostFactName]: { keepMs: number; gather(run: Run): Promise<HostFacts[Name]> };
} = {
  os: { keepMs: 3_600_000, gather: readOs },
  cpu: { keepMs: 3_600_000, gather: readCpu },
  memory: { keepMs: 5_000, gather: readMemory },
  disks: { keepMs: 5_000, gather: readDisks },
  network: { keepMs: 5_000, gather: readNetwork },
  packages: { keepMs: 5_000, gather: readPackages },
  services: { keepMs: 5_000, gather: readServices },
};

/** Output of a command that may not be installed; "" then. */
const said = (run: Run, ...command: string[]): Promise<string> =>
  run(command).then(
    ({ stdout }) => stdout,
    () => "",
  );

async function readOs(run: Run): Promise<HostFacts["os"]> {
  const system = parseOsRelease((await findText("/etc/os-release")) ?? "");
  const id = system.ID ?? platform();
  return {
    id,
    version: system.VERSION_ID ?? "",
    codename: system.VERSION_CODENAME ?? "",
    name: system.PRETTY_NAME ?? `${platform()} ${release()}`,
    like: [id, ...(system.ID_LIKE ?? "").split(" ").filter((one) => one !== "")],
    kernel: release(),
    architecture: machine(),
    virtualization: (await said(run, "systemd-detect-virt")).trim() || "none",
    init: existsSync("/run/systemd/system") ? "systemd" : "none",
  };
}

async function readCpu(): Promise<HostFacts["cpu"]> {
  const text = (await findText("/proc/cpuinfo")) ?? "";
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  return {
    count: availableParallelism(),
    model: field("model name"),
    vendor: field("vendor_id"),
    flags: (field("flags") || field("Features")).split(" ").filter((flag) => flag !== ""),
  };
}

async function readMemory(): Promise<HostFacts["memory"]> {
  const text = (await findText("/proc/meminfo")) ?? "";
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { total: bytes("MemTotal"), available: bytes("MemAvailable"), swap: bytes("SwapTotal") };
}

/** File systems that hold what people put there. */
async function readDisks(): Promise<HostFacts["disks"]> {
  const mounts = ((await findText("/proc/self/mounts")) ?? "").split("\n").map((line) => line.split(" "));
  const storing = mounts.filter(
    ([device = "", path = "", type = ""]) =>
      (device.startsWith("/") || /^(overlay|zfs|btrfs|nfs4?|cifs)$/.test(type)) &&
      !/^\/(proc|sys|dev|run)(\/|$)/.test(path),
  );
  const disks: HostFacts["disks"] = {};
  for (const [device = "", path = "", type = ""] of storing) {
    const place = unescapeOctal(path);
    const found = await statfs(place).catch(() => undefined);
    if (!found || found.blocks === 0) continue;
    const { bsize, blocks, bavail } = found;
    disks[place] = { device: unescapeOctal(device), type, size: blocks * bsize, free: bavail * bsize };
  }
  return disks;
}

async function readNetwork(): Promise<HostFacts["network"]> {
  const interfaces = Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    mac: addresses[0]?.mac ?? "",
    addresses: addresses
      .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
      .map(({ address }) => address),
  }));
  const route = defaultRoute((await findText("/proc/net/route")) ?? "");
  const primary = interfaces.find(({ name }) => name === route?.interface);
  const addresses = interfaces.flatMap((one) => one.addresses);
  const candidates = primary?.addresses ?? addresses;
  return {
    hostname: hostname(),
    primaryInterface: route?.interface ?? "",
    primaryAddress: candidates.find((address) => address.includes(".")) ?? candidates[0] ?? "",
    gateway: route?.gateway ?? "",
    addresses,
    interfaces: Object.fromEntries(
      interfaces
        .filter((one) => one.addresses.length > 0)
        .map(({ name, mac, addresses }) => [name, { mac, addresses }]),
    ),
  };
}

/** The IPv4 route to everywhere with the smallest metric, from the kernel's table; addresses there are little-endian. */
export function defaultRoute(table: string): { interface: string; gateway: string } | undefined {
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === "00000000" && mask === "00000000")
    .toSorted((a, b) => Number(a[6]) - Number(b[6]));
  const [first] = routes;
  if (!first) return undefined;
  const bytes = (first[2] ?? "").match(/../g) ?? [];
  return {
    interface: first[0] ?? "",
    gateway: bytes
      .reverse()
      .map((byte) => Number.parseInt(byte, 16))
      .join("."),
  };
}

/** dpkg's own record: quicker than asking it. Elsewhere what rpm or apk tell. */
async function readPackages(run: Run): Promise<HostFacts["packages"]> {
  const status = await findText("/var/lib/dpkg/status");
  if (status !== undefined) return parseDpkgStatus(status);
  const rpm = await said(run, "rpm", "--query", "--all", "--queryformat", "%{NAME} %{EVR}\\n");
  if (rpm !== "") return pairs(rpm.split("\n").map((line) => line.split(" ")));
  const database = (await findText("/lib/apk/db/installed")) ?? "";
  return pairs(
    database.split("\n\n").map((paragraph) => [field(paragraph, "P") ?? "", field(paragraph, "V") ?? ""]),
  );
}

const field = (paragraph: string, name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(paragraph)?.[1];

export function parseDpkgStatus(status: string): Record<string, string> {
  return pairs(
    status
      .split("\n\n")
      .filter((paragraph) => /^Status: \S+ \S+ installed$/m.test(paragraph))
      .map((paragraph) => [field(paragraph, "Package") ?? "", field(paragraph, "Version") ?? ""]),
  );
}

const pairs = (list: readonly (readonly (string | undefined)[])[]): Record<string, string> =>
  Object.fromEntries(list.flatMap(([name, value]) => (name && value ? [[name, value]] : [])));

async function readServices(run: Run): Promise<HostFacts["services"]> {
  const ask = (verb: string) =>
    said(run, "systemctl", verb, "--type=service", "--all", "--plain", "--no-legend", "--no-pager");
  const [loaded, files] = await Promise.all([ask("list-units"), ask("list-unit-files")]);
  const services: HostFacts["services"] = {};
  const words = (text: string) => text.split("\n").map((line) => line.trim().split(/\s+/));
  for (const [unit = "", enabled = ""] of words(files))
    if (unit.endsWith(".service")) services[unit.slice(0, -8)] = { active: "inactive", enabled };
  for (const [unit = "", load, active = ""] of words(loaded))
    if (unit.endsWith(".service") && load !== "not-found")
      services[unit.slice(0, -8)] = { active, enabled: services[unit.slice(0, -8)]?.enabled ?? "" };
  return services;
}
