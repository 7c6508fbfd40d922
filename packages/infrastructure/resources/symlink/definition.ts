import { HavnError } from "@havn/model";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { absolutePath, accountName } from "../text.ts";
import { type Attributes, type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const symlinkSchema = z.strictObject({
  path: absolutePath.describe("where the link stands on the host"),
  target: z
    .string()
    .min(1)
    .max(4095)
    .regex(/^[^\0]+$/, "expected a path")
    .default("/dev/null")
    .describe("where it leads: an absolute path, or one from the link's folder; it need not be there"),
  owner: accountName.optional().describe("owner of the link itself; left as it is when absent"),
  group: accountName.optional().describe("group of the link itself; left as it is when absent"),
  force: z.boolean().default(false).describe("true: a file that stands in its place is replaced"),
  absent: z.boolean().default(false).describe("true: the link must not be there"),
});
export type SymlinkProperties = z.output<typeof symlinkSchema>;

export type SymlinkObserved =
  | { kind: "absent" }
  | { kind: "file" | "directory" | "other" }
  /** `before`: where it led before Havn first changed it; null where there was no link. */
  | ({ kind: "link"; target: string; before?: { target: string | null } | undefined } & Required<Attributes>);

const symlink: ResourceDefinition<SymlinkProperties, SymlinkObserved> = {
  type: "symlink",
  schema: symlinkSchema,
  plan: planSymlink,
  paths: ({ path }) => [path],
  before: (observed) => ({ target: observed.kind === "link" ? observed.target : null }),
  keeps: ({ path }) => [path],
};
export default symlink;

function planSymlink(observed: SymlinkObserved, desired: SymlinkProperties, wanted: Wanted): HostPlan {
  const { path, target, owner, group, force } = desired;
  const attributes = { owner, group };
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired, wanted);
  const link = { kind: "symlink" as const, path, target, attributes };
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: [{ property: "target", after: target }, ...attributeChanges({}, attributes)],
      operations: [link],
    };
  if (observed.kind === "link") {
    const changes = attributeChanges(observed, attributes);
    if (observed.target !== target)
      return {
        action: "update",
        changes: [{ property: "target", before: observed.target, after: target }, ...changes],
        operations: [link],
      };
    return changes.length === 0
      ? unchanged
      : { action: "update", changes, operations: [{ kind: "set attributes", path, attributes }] };
  }
  if (observed.kind !== "file" || !force)
    throw new HavnError(`${path} is a ${observed.kind === "other" ? "device or socket" : observed.kind}`, {
      detail:
        observed.kind === "file"
          ? "Set force: true to replace the file by the link, or move it away."
          : "Havn does not replace it by a link. Move it away.",
    });
  return {
    action: "replace",
    changes: [
      { property: "kind", before: "file", after: "link" },
      { property: "target", after: target },
    ],
    operations: [link],
  };
}

/** One that led elsewhere before Havn came leads there again. */
function planRemoval(
  observed: SymlinkObserved,
  { path, target, absent }: SymlinkProperties,
  wanted: Wanted,
): HostPlan {
  if (observed.kind === "absent") return unchanged;
  if (observed.kind !== "link") {
    if (!absent || wanted === "absent") return unchanged;
    throw new HavnError(`${path} is no link`, {
      detail: "Declare it as an absent file or directory to have it removed.",
    });
  }
  if (wanted === "absent") {
    // Somebody else's link by now, or one that Havn was to remove.
    if (observed.target !== target || absent) return unchanged;
    if (observed.before && observed.before.target !== null)
      return {
        action: "delete",
        changes: [{ property: "target", before: target, after: observed.before.target }],
        operations: [{ kind: "symlink", path, target: observed.before.target, attributes: {} }],
      };
  }
  return {
    action: "delete",
    changes: [{ property: "target", before: observed.target }],
    operations: [{ kind: "remove file", path }],
  };
}
