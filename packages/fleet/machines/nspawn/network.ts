import { createHash } from "node:crypto";
import { mkdir, readdir, readlink, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { HavnError } from "@havn/model";
import { exists, findJson, findText, writeDurable } from "./files.ts";
import { withLock } from "./lock.ts";
import { run, succeeds } from "./run.ts";
import { choosePrefix, type Prefix } from "./subnet.ts";

/** The network of one data directory: a bridge of this computer, and NAT from it to the outside. */
export interface Network {
  /** 10 hex digits; in the names of everything that belongs to it. */
  id: string;
  prefix: Prefix;
}

export const bridgeOf = (network: Network) => `hv${network.id}`;
export const bridgeAddressOf = (network: Network) => `${network.prefix}.1`;
const tableOf = (network: Network) => `havn_${network.id}`;

/** Where the networks of all data directories on this computer are known to each other. */
export interface NetworkPlace {
  /** `<data directory>/machines` */
  folder: string;
  /** `/var/lib/havn` */
  stateDirectory: string;
}

const ipForward = "/proc/sys/net/ipv4/ip_forward";
const exclusively = <T>(work: () => Promise<T>) => withLock("networks", work);

export const findNetwork = (place: NetworkPlace) => findJson<Network>(join(place.folder, "network.json"));

/** Makes the network of a data directory, or makes it again after a restart of the computer took it away. */
export function ensureNetwork(place: NetworkPlace): Promise<Network> {
  return exclusively(async () => {
    const registry = join(place.stateDirectory, "networks");
    await mkdir(registry, { recursive: true, mode: 0o755 });
    let network = await findNetwork(place);
    if (!network) {
      network = await choose(place, registry);
      // Registered before it is used: another data directory must not choose it while this one is stopped.
      await writeDurable(
        join(registry, `${network.id}.json`),
        JSON.stringify({ ...network, folder: place.folder }),
      );
      await writeDurable(join(place.folder, "network.json"), JSON.stringify(network));
    } else if (!(await findText(join(registry, `${network.id}.json`)))) {
      await writeDurable(
        join(registry, `${network.id}.json`),
        JSON.stringify({ ...network, folder: place.folder }),
      );
    }
    await makeBridge(network);
    await run("nft", ["-f", "-"], { input: packetRules(network) });
    await openFirewall(network);
    await enableForwarding(place.stateDirectory);
    return network;
  });
}

async function choose(place: NetworkPlace, registry: string): Promise<Network> {
  const id = createHash("sha256").update(place.folder).digest("hex").slice(0, 10);
  const known = await readRegistry(registry);
  const own = known.find((other) => other.id === id);
  if (own) return { id, prefix: own.prefix };
  const routes: { dst?: string }[] = JSON.parse(
    await run("ip", ["-json", "-4", "route", "show", "table", "all"]),
  );
  const nameservers = (await findText("/etc/resolv.conf"))?.matchAll(/^nameserver\s+(\S+)/gm) ?? [];
  const taken = [
    ...known.map((other) => `${other.prefix}.0/24`),
    ...routes.flatMap(({ dst }) => dst ?? []),
    ...[...nameservers].flatMap(([, address]) => address ?? []),
  ];
  const prefix = choosePrefix(id, taken);
  if (!prefix)
    throw new HavnError("No free network for machines", {
      detail:
        "Every /24 of 10.160.0.0/11 is in use on this computer. Destroy environments that are not needed.",
    });
  return { id, prefix };
}

/** Entries of data directories that were deleted by hand are dropped, with what they left. */
async function readRegistry(registry: string): Promise<(Network & { folder: string })[]> {
  const entries: (Network & { folder: string })[] = [];
  for (const name of await readdir(registry)) {
    if (!name.endsWith(".json")) continue;
    const entry = await findJson<Network & { folder: string }>(join(registry, name));
    if (!entry) continue;
    const alive = await exists(entry.folder);
    if (alive || (await portsOf(entry)).length > 0) entries.push(entry);
    else await dismantle(entry, registry);
  }
  return entries;
}

async function makeBridge(network: Network): Promise<void> {
  const bridge = bridgeOf(network);
  if (!(await exists(`/sys/class/net/${bridge}`))) {
    // A fixed hardware address: otherwise it follows the machines that come and go, and neighbours lose the bridge.
    const mac = `02:${(network.id.match(/../g) ?? []).join(":")}`;
    await run("ip", ["link", "add", bridge, "address", mac, "type", "bridge"]);
  }
  await run("ip", ["address", "replace", `${bridgeAddressOf(network)}/24`, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
}

/** Connects a running machine's link, which outlives a bridge that was taken away. */
export async function attach(network: Network, link: string): Promise<void> {
  const master = await readlink(`/sys/class/net/${link}/master`).catch(() => "");
  if (!(await exists(`/sys/class/net/${link}`)) || basename(master) === bridgeOf(network)) return;
  await run("ip", ["link", "set", link, "master", bridgeOf(network), "up"]);
}

/** `add` before `delete`: the same text works where the table is there and where it is not, as one transaction. */
function packetRules(network: Network): string {
  const table = `ip ${tableOf(network)}`;
  const subnet = `${network.prefix}.0/24`;
  return `add table ${table}
delete table ${table}
table ${table} {
  chain outward {
    type nat hook postrouting priority srcnat
    ip saddr ${subnet} ip daddr != ${subnet} masquerade
  }
  chain forward {
    type filter hook forward priority filter
    iifname "${bridgeOf(network)}" accept
    oifname "${bridgeOf(network)}" ct state established,related accept
  }
}
`;
}

/**
 * An accept in our own table cannot overrule a drop elsewhere. Where Docker or ufw set the policy of iptables' chains
 * to drop, our bridge is let through there, by rules that `closeFirewall` finds by the bridge's name.
 */
const firewallRules = (network: Network) => [
  ["FORWARD", "-i", bridgeOf(network), "-j", "ACCEPT"],
  ["FORWARD", "-o", bridgeOf(network), "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"],
  ["INPUT", "-i", bridgeOf(network), "-j", "ACCEPT"],
];

async function openFirewall(network: Network): Promise<void> {
  for (const [chain = "", ...rule] of firewallRules(network)) {
    const listed = await run("iptables", ["-S", chain]).catch(() => "");
    if (!listed.startsWith(`-P ${chain} DROP`)) continue;
    if (!(await succeeds("iptables", ["-C", chain, ...rule]))) await run("iptables", ["-I", chain, ...rule]);
  }
}

async function closeFirewall(network: Network): Promise<void> {
  for (const rule of firewallRules(network)) while (await succeeds("iptables", ["-D", ...rule]));
}

async function enableForwarding(stateDirectory: string): Promise<void> {
  const before = (await findText(ipForward))?.trim();
  if (before === "1") return;
  await writeDurable(join(stateDirectory, "ip-forward-before"), before ?? "0");
  await writeFile(ipForward, "1");
}

/** Takes the network away; with the last one of this computer, everything that networks changed on it. */
export function removeNetwork(place: NetworkPlace): Promise<void> {
  return exclusively(async () => {
    const network = await findNetwork(place);
    if (!network) return;
    const registry = join(place.stateDirectory, "networks");
    await dismantle(network, registry);
    await rm(join(place.folder, "network.json"), { force: true });
    if ((await readdir(registry).catch(() => [])).length > 0) return;
    const before = await findText(join(place.stateDirectory, "ip-forward-before"));
    if (before !== undefined) await writeFile(ipForward, before);
    await rm(join(place.stateDirectory, "ip-forward-before"), { force: true });
    await rmdir(registry).catch(() => {});
    await rmdir(place.stateDirectory).catch(() => {});
  });
}

async function dismantle(network: Network, registry: string): Promise<void> {
  await closeFirewall(network);
  const table = `ip ${tableOf(network)}`;
  await run("nft", ["-f", "-"], { input: `add table ${table}\ndelete table ${table}\n` });
  if (await exists(`/sys/class/net/${bridgeOf(network)}`))
    await run("ip", ["link", "delete", bridgeOf(network)]);
  await rm(join(registry, `${network.id}.json`), { force: true });
}

const portsOf = (network: Network) => readdir(`/sys/class/net/${bridgeOf(network)}/brif`).catch(() => []);
