import { readdir, readFile, readlink } from "node:fs/promises";
import { isIP } from "node:net";
import type { InventoryItem } from "@havn/model";
import { parseGroup } from "../../resources/alternatives/host.ts";
import { parseFstab, unescapeOctal } from "../../resources/fstab.ts";
import { parseMountInfo } from "../../resources/mount/host.ts";
import { findText } from "../../resources/read-files.ts";
import type { HostReads } from "../../resources/type.ts";
import type { Found } from "./index.ts";

const systemItem = (type: string, name: string, properties: Record<string, unknown>): InventoryItem => ({
  kind: "system",
  ...{ type, name, properties },
});

/** Host name, time zone, locales and names of other hosts. */
export async function readSystem(host: HostReads): Promise<Found> {
  const [stored = "", hosts = "", target, generated = "", defaults = ""] = await Promise.all([
    findText("/etc/hostname"),
    // A link is kept by whoever it leads to.
    host.files
      .stat("/etc/hosts")
      .then((stat) => (stat?.kind === "file" ? findText("/etc/hosts") : undefined)),
    readlink("/etc/localtime").catch(() => ""),
    findText("/etc/locale.gen"),
    findText("/etc/default/locale"),
  ]);
  const items: InventoryItem[] = [];
  const name = stored.trim();
  if (name !== "") items.push(systemItem("hostname", "hostname", { name }));
  const zone = /\/zoneinfo\/(.+)$/.exec(target)?.[1];
  // A system that nobody told anything else.
  if (zone && zone !== "Etc/UTC") items.push(systemItem("timezone", "timezone", { zone }));
  const lang = /^\s*LANG="?([^"\n]*)"?/m.exec(defaults)?.[1];
  const locales = [...generated.matchAll(/^\s*([^#\s]\S*)\s+\S+\s*$/gm)].map(([, one = ""]) => one);
  // Which are part of the C library is known by asking; a generated one that is not there is nothing.
  const { stdout } = await host.run(["locale", "--all-locales"]).catch(() => ({ stdout: "" }));
  const available = new Set(stdout.split("\n").map(plain));
  for (const one of new Set([...locales, ...(lang ? [lang] : [])]))
    if (available.has(plain(one)))
      items.push(systemItem("locale", one, { name: one, ...(one === lang && { default: true }) }));
  return { items: [...items, ...hosts.split("\n").flatMap((line) => hostsItem(line, name))], notes: [] };
}

const plain = (locale: string) => locale.toLowerCase().replaceAll("-", "");

/** What every /etc/hosts begins with. */
const usual = new Set(["localhost", "ip6-localhost", "ip6-loopback", "ip6-allnodes", "ip6-allrouters"]);

function hostsItem(line: string, own: string): InventoryItem[] {
  const [address = "", name = "", ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
  if (isIP(address) === 0 || name === "") return [];
  const names = [name, ...aliases];
  if (names.every((one) => usual.has(one) || one === own) && /^(127\.|::1$|f[ef]0)/.test(address)) return [];
  const shown = isIP(address) === 6 ? `${name} (IPv6)` : name;
  return [systemItem("hosts.entry", shown, { name, address, ...(aliases.length > 0 && { aliases }) })];
}

/** Lines of /etc/fstab. */
export async function readStorage(): Promise<Found> {
  const [fstab = "", mountInfo = "", swaps = ""] = await Promise.all(
    ["/etc/fstab", "/proc/self/mountinfo", "/proc/swaps"].map((path) => findText(path)),
  );
  const live = parseMountInfo(mountInfo);
  const swapping = new Set(swaps.split("\n").map((line) => unescapeOctal(line.split(/\s/)[0] ?? "")));
  const found: Found = { items: [], notes: [] };
  for (const entry of fstab.split("\n").map(parseFstab)) {
    if (!entry) continue;
    const { device, path, type, options, dump, pass } = entry;
    if (type === "swap") {
      const priority = /(?:^|,)pri=(\d+)/.exec(options)?.[1];
      if (!swapping.has(device))
        found.notes.push({
          kind: "storage",
          name: device,
          note: "stands in /etc/fstab as swap and is not in use",
        });
      else
        found.items.push({
          kind: "storage",
          type: "swap",
          name: device,
          properties: { path: device, ...(priority && { priority: Number(priority) }) },
        });
    } else
      found.items.push({
        ...{ kind: "storage", type: "mount", name: path },
        properties: {
          ...{ path, device, type, options },
          ...(dump > 0 && { dump }),
          ...(pass > 0 && { pass }),
          ...(!live.has(path) && { mounted: false }),
        },
      });
  }
  return found;
}

/** Groups of alternatives of which somebody chose one. */
export async function readAlternatives(): Promise<Found> {
  const folder = "/var/lib/dpkg/alternatives";
  const groups = await Promise.all(
    (await readdir(folder).catch(() => [])).map(async (name) => {
      const { status } = parseGroup(await findText(`${folder}/${name}`));
      return { name, status, path: await readlink(`/etc/alternatives/${name}`).catch(() => "") };
    }),
  );
  return {
    items: groups
      .filter(({ status, path }) => status === "manual" && path !== "")
      .map(({ name, path }) => ({
        kind: "alternatives",
        type: "alternatives",
        name,
        properties: { name, path },
      })),
    notes: [],
  };
}

/** An administrator's own diversions. */
export async function readDiversions(): Promise<Found> {
  const lines = (await readFile("/var/lib/dpkg/diversions", "utf8").catch(() => "")).split("\n");
  const items: InventoryItem[] = [];
  // Three lines each: path, where to, by whom (":" for the administrator).
  for (let index = 0; index + 2 < lines.length; index += 3) {
    const [path = "", to = "", by] = lines.slice(index, index + 3);
    if (by !== ":") continue;
    const properties = { path, ...(to !== `${path}.distrib` && { to }) };
    items.push({ kind: "diversions", type: "dpkg.diversion", name: path, properties });
  }
  return { items, notes: [] };
}
