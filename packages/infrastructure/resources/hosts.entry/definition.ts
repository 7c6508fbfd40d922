import { isIP } from "node:net";
import { HavnError } from "@havn/model";
import { z } from "zod";
import { literal } from "../lines.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

const name = z.string().regex(/^[A-Za-z0-9._-]+$/, "expected a host name");

export const hostsEntrySchema = z.strictObject({
  name: name.describe("first name on the line: it is found by this and by the kind of its address"),
  address: textProperty.describe("IPv4 or IPv6 address"),
  aliases: z.array(name).default([]).describe("further names"),
  absent: z.boolean().default(false).describe("true: the entry must not be there"),
});
export type HostsEntryProperties = Omit<z.output<typeof hostsEntrySchema>, "address"> & { address: string };

export interface HostsEntryObserved {
  lines: string[];
  ours: boolean;
}

const hostsEntry: ResourceDefinition<HostsEntryProperties, HostsEntryObserved> = {
  type: "hosts.entry",
  schema: hostsEntrySchema,
  plan: planEntry,
  watches: () => ["/etc/hosts"],
  shares: () => ["/etc/hosts"],
};
export default hostsEntry;

/** A name may have one line for each kind of address. */
export function entryPattern({ name, address }: Pick<HostsEntryProperties, "name" | "address">): string {
  const kind = isIP(address) === 6 ? "[0-9A-Fa-f.%\\w]*:[0-9A-Fa-f:.%\\w]*" : "[0-9.]+";
  return `^\\s*${kind}\\s+${literal(name)}(\\s|$)`;
}

function planEntry(observed: HostsEntryObserved, desired: HostsEntryProperties, wanted: Wanted): HostPlan {
  const { name, address, aliases } = desired;
  if (isIP(address) === 0)
    throw new HavnError(`"${address}" is no IP address`, { detail: `Correct the address of ${name}.` });
  const set = (line?: string): Operation => ({
    kind: "set line",
    path: "/etc/hosts",
    match: entryPattern(desired),
    ...(line !== undefined && { line }),
  });
  const [before] = observed.lines;
  if (desired.absent || wanted === "absent") {
    if (before === undefined || (!desired.absent && !observed.ours)) return unchanged;
    return { action: "delete", changes: [{ property: "line", before }], operations: [set()] };
  }
  const line = [address, name, ...aliases].join(" ");
  if (observed.lines.length === 1 && words(before) === line) return unchanged;
  return {
    action: before === undefined ? "create" : "update",
    changes: [{ property: "line", ...(before !== undefined && { before }), after: line }],
    operations: [set(line)],
  };
}

/** Neither the spaces nor a comment at the end matter. */
const words = (line = "") => line.replace(/#.*/, "").trim().split(/\s+/).join(" ");
