import type { PropertyChange } from "@havn/model";
import { canonicalMode } from "./text.ts";
import type { Attributes } from "./type.ts";

/** What of owner, group and mode differs from what is wanted; what is not wanted in particular does not. */
export function attributeChanges(observed: Attributes, wanted: Attributes): PropertyChange[] {
  const changes: PropertyChange[] = [];
  for (const property of ["owner", "group", "mode"] as const) {
    const after = wanted[property];
    if (after === undefined) continue;
    const before = observed[property];
    const same =
      property === "mode" && before !== undefined
        ? canonicalMode(before) === canonicalMode(after)
        : before === after;
    if (!same) changes.push({ property, ...(before !== undefined && { before }), after });
  }
  return changes;
}
