import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HavnError, type MachineProperties } from "@havn/model";
import { findJson, findText, writeDurable } from "./files.ts";
import type { Network } from "./network.ts";
import { run } from "./run.ts";
import { chooseAddress } from "./subnet.ts";

/** What is decided about a machine when it is first asked for, and then stays so for its life. */
export interface MachineRecord {
  environment: string;
  name: string;
  /** 12 hex digits, unlike any other machine's on this computer: names its link, its control group, its unit. */
  id: string;
  ip: string;
  /** The folder of the image that it was made from. */
  image: string;
  /** `ssh-ed25519 AAAA…` */
  hostKey: string;
  privateHostKey: string;
  spec: MachineProperties;
  publicKeys: string[];
}

/** No DNS label holds a dot, so two machines never share a folder. */
export const folderOf = (machines: string, environment: string, name: string) =>
  join(machines, `${environment}.${name}`);

export const findRecord = (folder: string) => findJson<MachineRecord>(join(folder, "machine.json"));

const writeRecord = (folder: string, record: MachineRecord) =>
  writeDurable(join(folder, "machine.json"), JSON.stringify(record, null, 2), 0o600);

export async function listRecords(machines: string): Promise<MachineRecord[]> {
  const names = (await readdir(machines).catch(() => []))
    .filter((name) => /^[^.]+\.[^.]+$/.test(name))
    .sort();
  const records = await Promise.all(names.map((name) => findRecord(join(machines, name))));
  return records.filter((record) => record !== undefined);
}

export interface Wanted {
  environment: string;
  name: string;
  spec: MachineProperties;
  publicKey: string;
}

/** The record of a machine, made when it has none; limits and keys as they are wanted now. */
export async function ensureRecord(
  machines: string,
  wanted: Wanted,
  { network, image }: { network: Network; image: string },
): Promise<MachineRecord> {
  const folder = folderOf(machines, wanted.environment, wanted.name);
  const publicKey = wanted.publicKey.trim();
  const found = await findRecord(folder);
  if (found) {
    const publicKeys = found.publicKeys.includes(publicKey)
      ? found.publicKeys
      : [...found.publicKeys, publicKey];
    const record = { ...found, spec: wanted.spec, publicKeys };
    if (JSON.stringify(record) !== JSON.stringify(found)) await writeRecord(folder, record);
    return record;
  }
  const taken = (await listRecords(machines)).map(({ ip }) => ip);
  const ip = chooseAddress(network.prefix, taken);
  if (!ip)
    throw new HavnError(`No address is left for machine ${wanted.name}`, {
      detail: `The network ${network.prefix}.0/24 holds 245 machines. Use another data directory for more.`,
      status: 409,
    });
  const { environment, name, spec } = wanted;
  const keys = await makeHostKey();
  const record = {
    environment,
    name,
    id: randomBytes(6).toString("hex"),
    ip,
    image,
    spec,
    publicKeys: [publicKey],
    ...keys,
  };
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await writeRecord(folder, record);
  return record;
}

async function makeHostKey(): Promise<{ hostKey: string; privateHostKey: string }> {
  const folder = await mkdtemp(join(tmpdir(), "havn-key-"));
  try {
    const file = join(folder, "key");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
    const hostKey = (await readFile(`${file}.pub`, "utf8")).trim();
    return { hostKey, privateHostKey: await readFile(file, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Tells machines what they find in their share: who may sign in, their environment's names, the computer's name
 * servers. The folder is bound into running machines, so that what is written here is seen there at once.
 */
export async function writeShares(machines: string, environment: string): Promise<void> {
  const records = (await listRecords(machines)).filter((record) => record.environment === environment);
  const names = records.map(({ ip, name }) => `${ip} ${name}`);
  const resolvers = await readResolvers();
  for (const record of records) {
    const share = join(folderOf(machines, environment, record.name), "share");
    await mkdir(share, { recursive: true, mode: 0o755 });
    const files = {
      hosts: ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", ...names, ""].join("\n"),
      "resolv.conf": resolvers,
      authorized_keys: `${record.publicKeys.join("\n")}\n`,
    };
    for (const [file, content] of Object.entries(files))
      if ((await findText(join(share, file))) !== content) await writeDurable(join(share, file), content);
  }
}

/** The computer's resolv.conf without name servers that only it can reach (systemd-resolved's own, dnsmasq). */
async function readResolvers(): Promise<string> {
  for (const path of ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]) {
    const lines = ((await findText(path)) ?? "")
      .split("\n")
      .filter((line) => !/^nameserver\s+(127\.|::1)/.test(line));
    if (lines.some((line) => line.startsWith("nameserver"))) return `${lines.join("\n").trim()}\n`;
  }
  return "# this computer has no name server that a machine could reach\n";
}
