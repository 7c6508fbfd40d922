import {
  findReferences,
  formatAddress,
  type InventoryItem,
  type InventoryNote,
  type Resource,
} from "@havn/model";
import { findDefinition } from "../definitions.ts";

export interface Declarable {
  /** Each item with the resource that it would be. */
  resources: Map<Resource, InventoryItem>;
  /** Items that no resource can be: a name that the type does not take, for example. */
  notes: InventoryNote[];
}

/** Items as resources of `host`, to compare them with what is there. They hold what is secret in clear. */
export function toResources(
  items: readonly InventoryItem[],
  { environment, host }: { environment: string; host: string },
): Declarable {
  const declarable: Declarable = { resources: new Map(), notes: [] };
  for (const item of items) {
    const { kind, type, name } = item;
    // What an agent tells is data: a reference in it would be opened on its way back there.
    if (findReferences(item.properties).length > 0) {
      declarable.notes.push({ kind, name, note: "cannot be declared: it holds a reference" });
      continue;
    }
    const parsed = findDefinition(type)?.schema.safeParse(item.properties);
    if (!parsed?.success) {
      const why = parsed?.error.issues[0]?.message ?? `this Havn knows no type "${type}"`;
      declarable.notes.push({ kind, name, note: `cannot be declared: ${why}` });
      continue;
    }
    const address = formatAddress({ environment, type, name: `${host}:${name}` });
    declarable.resources.set(
      { address, type, name, host, properties: parsed.data as Record<string, unknown>, dependsOn: [] },
      item,
    );
  }
  return declarable;
}

/** What `differences` (by address) tell not to be as it would be declared is left out, and said. */
export function keepExact(
  { resources, notes }: Declarable,
  differences: ReadonlyMap<string, string>,
): { items: InventoryItem[]; notes: InventoryNote[] } {
  const items: InventoryItem[] = [];
  const further = [...notes];
  for (const [{ address }, item] of resources) {
    const difference = differences.get(address);
    if (difference === undefined) items.push(item);
    else further.push({ kind: item.kind, name: `${item.type} ${item.name}`, note: difference });
  }
  // What comes after something that is left out comes after nothing.
  return { items, notes: further };
}
