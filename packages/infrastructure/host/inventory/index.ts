import { type Clock, HavnError, type Inventory, type InventoryKind, inventoryKinds } from "@havn/model";
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

/** Everything on this host that its distribution did not put there, in one pass; changes nothing. */
export async function takeInventory(
  host: HostReads,
  { clock, only = [...inventoryKinds] }: { clock: Clock; only?: readonly InventoryKind[] | undefined },
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
    [["repositories", "sudo", "cron", "kernel", "firewall", "files"], () => readEtc(host, dpkg)],
  ];
  const found = await Promise.all(
    areas
      .filter(([kinds]) => kinds.some((kind) => wanted.has(kind)))
      .map(([kinds, read]) => read().catch((error: unknown) => unreadable(kinds, error))),
  );
  return {
    items: found.flatMap(({ items }) => items).filter(({ kind }) => wanted.has(kind)),
    notes: found.flatMap(({ notes }) => notes).filter(({ kind }) => wanted.has(kind)),
    tookMs: clock.now() - began,
  };
}

/** One area that cannot be read must not hide the others. */
function unreadable([kind = "files"]: readonly InventoryKind[], error: unknown): Found {
  const why = error instanceof HavnError ? `${error.message}. ${error.detail}` : String(error);
  return { items: [], notes: [{ kind, name: kind, note: `could not be read: ${why.trim()}` }] };
}
