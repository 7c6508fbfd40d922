import {
  type Clock,
  HavnError,
  type Inventory,
  type InventoryItem,
  type InventoryKind,
  inventoryKinds,
} from "@havn/model";
import type { HostReads } from "../../resources/type.ts";
import { readAccounts } from "./accounts.ts";
import { readDatabases, readLanguages } from "./databases.ts";
import { readDpkg } from "./dpkg.ts";
import { readEtc } from "./etc.ts";
import { readFirewall } from "./firewall.ts";
import { readPackages } from "./packages.ts";
import { readAlternatives, readDiversions, readStorage, readSystem } from "./system.ts";
import { readUnits } from "./units.ts";

export type Found = Omit<Inventory, "tookMs">;

export interface InventoryAsked {
  only?: readonly InventoryKind[] | undefined;
  /** Files are named, not read, but where only their content tells whose they are; nothing secret leaves the host. */
  namesOnly?: boolean | undefined;
}

/** Everything on this host that its distribution did not put there, in one pass; changes nothing. */
export async function takeInventory(
  host: HostReads,
  { clock, only = inventoryKinds, namesOnly = false }: InventoryAsked & { clock: Clock },
): Promise<Inventory> {
  const began = clock.now();
  const wanted = new Set(only);
  const dpkg = await readDpkg();
  const areas: [kinds: readonly InventoryKind[], read: () => Promise<Found>][] = [
    [["packages"], () => readPackages(dpkg)],
    [["accounts", "keys"], () => readAccounts(host)],
    [["units"], () => readUnits(host, dpkg)],
    [["system"], () => readSystem(host)],
    [["storage"], readStorage],
    [["alternatives"], readAlternatives],
    [["diversions"], readDiversions],
    [["firewall"], () => readFirewall(host)],
    [["databases"], () => readDatabases(host)],
    [["languages"], () => readLanguages(host)],
    [
      ["repositories", "sudo", "cron", "kernel", "firewall", "files"],
      () => readEtc(host, dpkg, { namesOnly }),
    ],
  ];
  const found = await Promise.all(
    areas
      .filter(([kinds]) => kinds.some((kind) => wanted.has(kind)))
      .map(([kinds, read]) => read().catch((error: unknown) => unreadable(kinds, error))),
  );
  const items = found.flatMap((area) => area.items).filter(({ kind }) => wanted.has(kind));
  return {
    items: namesOnly ? items.map(withoutContents) : items,
    notes: found.flatMap(({ notes }) => notes).filter(({ kind }) => wanted.has(kind)),
    tookMs: clock.now() - began,
  };
}

/** What tells which thing it is stays. */
function withoutContents(item: InventoryItem): InventoryItem {
  const {
    content: _content,
    base64: _base64,
    dropIns: _dropIns,
    passwordHash: _hash,
    ...properties
  } = item.properties;
  return { ...item, properties };
}

/** One area that cannot be read must not hide the others. */
function unreadable([kind = "files"]: readonly InventoryKind[], error: unknown): Found {
  const why = error instanceof HavnError ? `${error.message}. ${error.detail}` : String(error);
  return { items: [], notes: [{ kind, name: kind, note: `could not be read: ${why.trim()}` }] };
}
