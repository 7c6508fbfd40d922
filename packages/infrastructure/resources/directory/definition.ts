import { HavnError } from "@havn/model";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { absolutePath, accountName, fileMode } from "../text.ts";
import { type Attributes, type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const directorySchema = z.strictObject({
  path: absolutePath.describe("where it stands on the host"),
  owner: accountName.optional().describe("left as it is when absent; the agent's user for a new directory"),
  group: accountName.optional().describe("left as it is when absent; the agent's group for a new directory"),
  mode: fileMode.default("0755").describe("octal permissions"),
  absent: z
    .boolean()
    .default(false)
    .describe("true: the directory must not be there; one that is not empty is an error"),
});
export type DirectoryProperties = z.output<typeof directorySchema>;

export type DirectoryObserved =
  | { kind: "absent" }
  | { kind: "other" }
  /** `ours`: Havn made it. */
  | ({ kind: "directory"; ours: boolean } & Required<Attributes>);

export const directory: ResourceDefinition<DirectoryProperties, DirectoryObserved> = {
  type: "directory",
  schema: directorySchema,
  plan: planDirectory,
};
export default directory;

function planDirectory(observed: DirectoryObserved, desired: DirectoryProperties, wanted: Wanted): HostPlan {
  const { path, owner, group, mode } = desired;
  if (observed.kind === "other")
    throw new HavnError(`${path} is not a directory`, {
      detail: "Havn does not replace a file by a directory. Move it away or choose another path.",
    });
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  const attributes = { owner, group, mode };
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: attributeChanges({}, attributes),
      operations: [{ kind: "make directory", path, attributes }],
    };
  const changes = attributeChanges(observed, attributes);
  if (changes.length === 0) return unchanged;
  return { action: "update", changes, operations: [{ kind: "set attributes", path, attributes }] };
}

/** One that is merely no longer declared goes only if Havn made it, and stays while something is in it. */
function planRemoval(observed: DirectoryObserved, { path, absent }: DirectoryProperties): HostPlan {
  if (observed.kind !== "directory" || (!absent && !observed.ours)) return unchanged;
  return {
    action: "delete",
    changes: [{ property: "path", before: path }],
    operations: [{ kind: "remove directory", path, keepFull: !absent }],
  };
}
