import type { Address, PlannedChange, Resource } from "@havn/model";
import { findDefinition } from "../definitions.ts";

/** What is as it shall be, but restarts or reloads because something that it names changes in the same plan. */
export function addTriggered(
  changes: readonly PlannedChange[],
  desired: readonly Resource[],
): PlannedChange[] {
  const byAddress = new Map(desired.map((resource) => [resource.address, resource]));
  const changing = new Set<Address>(
    changes.filter(({ action }) => action !== "no-op").map(({ address }) => address),
  );
  return changes.map((change) => {
    const resource = byAddress.get(change.address);
    if (change.action !== "no-op" || change.skipped !== undefined || !resource) return change;
    const triggers = findDefinition(resource.type)?.triggers?.(resource.properties) ?? [];
    const trigger =
      triggers.find(({ on, does }) => does === "restart" && changing.has(on)) ??
      triggers.find(({ on }) => changing.has(on));
    if (!trigger) return change;
    return {
      ...change,
      action: "update",
      changes: [{ property: trigger.does, after: `${trigger.on} changes` }],
      reason: `${trigger.does}s because ${trigger.on} changes`,
    };
  });
}
