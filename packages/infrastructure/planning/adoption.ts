import type { ResourceReading } from "@havn/fleet/protocol";
import {
  formatAddress,
  type Inventory,
  type InventoryItem,
  type InventoryKind,
  type InventoryNote,
  type Resource,
} from "@havn/model";
import { isIgnored, undeclared, undeclaredNotes } from "../adopt/declared.ts";
import { type Printed, printAdoption } from "../adopt/print.ts";
import { keepExact, toResources } from "../adopt/resources.ts";
import { type HiddenSecret, hideSecrets } from "../adopt/secrets.ts";
import type { InfrastructureOptions } from "../interfaces.ts";
import * as store from "../store.ts";

export interface UnmanagedRequest {
  environment: string;
  /** Name of the host. */
  host: string;
  only?: readonly InventoryKind[] | undefined;
  /** Kinds, or names in which a * stands for anything. */
  ignore?: readonly string[] | undefined;
}

/** What is on a host beside what its distribution put there, and no resource declares. */
export interface Unmanaged {
  items: Pick<InventoryItem, "kind" | "type" | "name">[];
  notes: InventoryNote[];
}

export interface AdoptionAnswer extends Printed, Unmanaged {
  /** Names of what was put into the store of secrets, and whose each is. */
  secrets: { name: string; of: string }[];
}

type Needs = Pick<InfrastructureOptions, "sql" | "hosts" | "keepSecret">;

/** A host with many packages has much to tell. */
const longestInventory = 120_000;

/** Changes nothing. Throws where the host is not connected. */
export async function listUnmanaged(request: UnmanagedRequest, needs: Needs): Promise<Unmanaged> {
  const { items, notes } = await findUnmanaged(request, needs, { namesOnly: true });
  return { items: items.map(({ kind, type, name }) => ({ kind, type, name })), notes };
}

/**
 * The TypeScript that declares what is unmanaged, as it is: each resource is compared with the host first, and what would
 * change anything is told of instead. What is secret goes into the store; nothing else is changed.
 */
export async function adopt(
  request: UnmanagedRequest & { actor: string },
  needs: Needs,
): Promise<AdoptionAnswer> {
  const { environment, host, actor } = request;
  const address = formatAddress({ environment, type: "host", name: host });
  const { secrets, ...composed } = await composeAdoption(
    await findUnmanaged(request, needs, { namesOnly: false }),
    { environment, host },
    async (resources) =>
      (await needs.hosts.call(address, "resources.read", { resources: [...resources], secrets: {} }))
        .readings,
  );
  for (const { name, value } of secrets) await needs.keepSecret({ environment, name }, value, actor);
  return {
    ...composed,
    items: composed.items.map(({ kind, type, name }) => ({ kind, type, name })),
    secrets: secrets.map(({ name, of }) => ({ name, of })),
  };
}

/** `read` compares resources with the host. */
export async function composeAdoption(
  found: Pick<Inventory, "items" | "notes">,
  where: { environment: string; host: string },
  read: (resources: readonly Resource[]) => Promise<ResourceReading[]>,
): Promise<Printed & { items: InventoryItem[]; notes: InventoryNote[]; secrets: HiddenSecret[] }> {
  const declarable = toResources(found.items, where);
  const exact = keepExact(declarable, differencesIn(await read([...declarable.resources.keys()])));
  const { items, secrets, bare } = hideSecrets(where.host, exact.items);
  const notes = [
    ...found.notes,
    ...exact.notes,
    ...bare.map((name) => ({
      kind: "files" as const,
      name,
      note: "looks like a key that is no text: it is declared without what is in it",
    })),
  ];
  return { ...printAdoption({ host: where.host, items, notes, secrets }), items, notes, secrets };
}

async function findUnmanaged(
  { environment, host, only, ignore = [] }: UnmanagedRequest,
  { sql, hosts }: Needs,
  { namesOnly }: { namesOnly: boolean },
): Promise<{ items: InventoryItem[]; notes: InventoryNote[] }> {
  const address = formatAddress({ environment, type: "host", name: host });
  const params = { namesOnly, ...(only && { only: [...only] }) };
  const [{ resources }, inventory] = await Promise.all([
    store.readRecorded(sql, environment),
    hosts.call(address, "host.inventory", params, { timeoutMs: longestInventory }),
  ]);
  const declared = resources.filter((resource) => resource.host === host);
  const items = undeclared(inventory.items, declared).filter((item) => !isIgnored(item, ignore));
  const notes = undeclaredNotes(inventory.notes, declared).filter((note) => !isIgnored(note, ignore));
  return { items, notes };
}

/** Why a resource would change something, by address. */
const differencesIn = (readings: readonly ResourceReading[]): Map<string, string> =>
  new Map(
    readings.flatMap(({ address: of, action, changes, error }): [string, string][] => {
      if (error !== undefined) return [[of, `cannot be declared as it is: ${error}`]];
      if (action === "no-op") return [];
      const properties = changes.map(({ property }) => property).join(", ");
      return [[of, `is left as it is: declaring it would change ${properties || "it"}`]];
    }),
  );
