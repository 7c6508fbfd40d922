import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { InventoryItem } from "@havn/model";
import type { HostReads } from "../../resources/type.ts";
import type { Dpkg } from "./dpkg.ts";
import type { Found } from "./index.ts";

const home = "/etc/systemd/system";
/** Where deb-systemd-helper notes which links a package's installation made. */
const madeByPackages = "/var/lib/systemd/deb-systemd-helper-enabled";
const unitName = /^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|target|mount|automount|swap|path|slice)$/;

interface Unit {
  content?: string;
  dropIns?: Record<string, string>;
  enabled?: boolean;
  masked?: boolean;
}

/** Units of one's own, those that were changed by drop-ins, masked, enabled or disabled by hand. */
export async function readUnits(host: HostReads, dpkg: Dpkg): Promise<Found> {
  const units = new Map<string, Unit>();
  const found: Found = { items: [], notes: [] };
  const at = (name: string): Unit => {
    const unit = units.get(name) ?? {};
    units.set(name, unit);
    return unit;
  };
  const entries = await readdir(home, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(home, entry.name);
    if (isHavns(entry.name) || dpkg.ownerOf(path)) continue;
    if (entry.isSymbolicLink() && unitName.test(entry.name)) {
      if ((await readlink(path)) === "/dev/null") at(entry.name).masked = true;
    } else if (entry.isFile() && unitName.test(entry.name))
      at(entry.name).content = await readFile(path, "utf8");
    else if (entry.isDirectory() && entry.name.endsWith(".d")) await readDropIns(path, at, found);
  }
  const [links, packaged] = await Promise.all([linksIn(home), linksIn(madeByPackages)]);
  for (const name of links.keys())
    if (!packaged.has(name) && !isHavns(name) && !ofSystemd.has(name)) at(name).enabled = true;
  for (const [name, unit] of units) if (unit.content !== undefined) unit.enabled = links.has(name);
  // A template's link tells of its instances, which are named in other links.
  for (const name of packaged.keys())
    if (!links.has(name) && unitName.test(name) && !/@\./.test(name) && !units.get(name)?.masked)
      at(name).enabled = false;
  const states = await readStates([...units.keys()], host);
  for (const [name, unit] of units) found.items.push(...toItem(name, unit, states.get(name)));
  return found;
}

const isHavns = (name: string) => name.startsWith("havn");

/** Enabled by systemd's own installation. */
const ofSystemd = new Set([
  "getty@tty1.service",
  "remote-fs.target",
  "systemd-pstore.service",
  "reboot.target",
  "ctrl-alt-del.target",
]);

async function readDropIns(folder: string, at: (name: string) => Unit, found: Found): Promise<void> {
  const name = basename(folder).slice(0, -2);
  for (const file of await readdir(folder)) {
    const path = join(folder, file);
    if (!unitName.test(name) || !/^[A-Za-z0-9:_.@-]+\.conf$/.test(file))
      found.notes.push({
        kind: "units",
        name: path,
        note: "is no drop-in of one unit: declare it as a file",
      });
    else {
      const unit = at(name);
      unit.dropIns = { ...unit.dropIns, [file.slice(0, -".conf".length)]: await readFile(path, "utf8") };
    }
  }
}

/** Names of the units that targets want or require; of links, those that are there under the folder. */
async function linksIn(folder: string): Promise<Map<string, true>> {
  const links = new Map<string, true>();
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory() && /\.(wants|requires)$/.test(entry.name))
      for (const name of await readdir(join(folder, entry.name))) links.set(name, true);
  return links;
}

async function readStates(
  names: readonly string[],
  host: HostReads,
): Promise<Map<string, { active: boolean; enabled: string }>> {
  const asked = names.filter((name) => !/@\./.test(name));
  if (asked.length === 0) return new Map();
  const shown = await host.run([
    "systemctl",
    "show",
    "--property=Id,ActiveState,UnitFileState",
    "--",
    ...asked,
  ]);
  // In the order in which they were asked for: an alias has another Id.
  const blocks = shown.stdout.split("\n\n");
  return new Map(
    asked.map((name, index) => {
      const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(blocks[index] ?? "")?.[1] ?? "";
      return [
        name,
        {
          active: ["active", "activating", "reloading"].includes(value("ActiveState")),
          enabled: value("UnitFileState"),
        },
      ];
    }),
  );
}

function toItem(
  name: string,
  unit: Unit,
  state: { active: boolean; enabled: string } | undefined,
): InventoryItem[] {
  const { content, dropIns, masked, enabled } = unit;
  // What only lies there, or is gone, is nothing to declare.
  if (state?.enabled === "" && content === undefined && !masked) return [];
  const oneShot = content !== undefined && /^Type=oneshot$/m.test(content);
  const runs = state?.active === true && !oneShot && !masked && !/\.(target|slice)$/.test(name);
  return [
    {
      kind: "units",
      type: "systemd.unit",
      name,
      properties: {
        name,
        ...(content !== undefined && { content }),
        ...(dropIns && { dropIns }),
        ...(masked
          ? { masked }
          : { ...(enabled !== undefined && { enabled }), ...(runs && { active: true }) }),
      },
    },
  ];
}
