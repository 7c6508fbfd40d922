import { z } from "zod";

/** What an inventory of a host is parted into; each can be asked for alone. */
export const inventoryKinds = [
  "packages",
  "repositories",
  "accounts",
  "keys",
  "sudo",
  "system",
  "storage",
  "kernel",
  "alternatives",
  "diversions",
  "units",
  "cron",
  "firewall",
  "files",
  "databases",
  "languages",
] as const;
export const inventoryKind = z.enum(inventoryKinds);
export type InventoryKind = z.infer<typeof inventoryKind>;

/** Something that is on a host beside what its distribution put there, as the resource that would declare it. */
export const inventoryItem = z.object({
  kind: inventoryKind,
  type: z.string().describe("of the resource"),
  name: z.string().describe("what a person calls it: a path, a package, a user"),
  /** As its type's schema has them, in clear: what of them is secret is found out by who writes them down. */
  properties: z.record(z.string(), z.unknown()),
  after: z
    .array(z.object({ type: z.string(), name: z.string() }))
    .optional()
    .describe("other items that must be there before it, on a host that is made anew"),
});
export type InventoryItem = z.infer<typeof inventoryItem>;

/** Something that was found and that no resource can declare as it is. */
export const inventoryNote = z.object({ kind: inventoryKind, name: z.string(), note: z.string() });
export type InventoryNote = z.infer<typeof inventoryNote>;

export const inventorySchema = z.object({
  items: z.array(inventoryItem),
  notes: z.array(inventoryNote),
  tookMs: z.number(),
});
export type Inventory = z.infer<typeof inventorySchema>;
