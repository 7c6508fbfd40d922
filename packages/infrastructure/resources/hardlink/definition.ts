import { HavnError } from "@havn/model";
import { z } from "zod";
import { absolutePath } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const hardlinkSchema = z.strictObject({
  path: absolutePath.describe("the second name, on the same file system"),
  target: absolutePath.describe("the file that it names too"),
  force: z.boolean().default(false).describe("true: another file that stands in its place is replaced"),
  absent: z.boolean().default(false).describe("true: the second name must not be there"),
});
export type HardlinkProperties = z.output<typeof hardlinkSchema>;

/** `same`: both are names of one file. `ours`: Havn made the second one. */
export interface HardlinkObserved {
  kind: "absent" | "file" | "directory" | "link" | "other";
  target: "absent" | "file" | "other";
  same: boolean;
  ours: boolean;
}

const hardlink: ResourceDefinition<HardlinkProperties, HardlinkObserved> = {
  type: "hardlink",
  schema: hardlinkSchema,
  plan: planHardlink,
  paths: ({ path, target }) => [path, target],
  keeps: ({ path }) => [path],
};
export default hardlink;

function planHardlink(observed: HardlinkObserved, desired: HardlinkProperties, wanted: Wanted): HostPlan {
  const { path, target, force } = desired;
  if (desired.absent || wanted === "absent") {
    if (observed.kind === "absent" || (!desired.absent && !(observed.ours && observed.same)))
      return unchanged;
    if (observed.kind !== "file") throw inTheWay(path, "It is not removed: declare what it is.");
    return {
      action: "delete",
      changes: [{ property: "target", before: target }],
      operations: [{ kind: "remove file", path, ...(observed.same && { twin: target }) }],
    };
  }
  if (observed.same) return unchanged;
  if (observed.target !== "file")
    throw new HavnError(`${target} is ${observed.target === "absent" ? "not there" : "no file"}`, {
      detail: `${path} shall be another name of it. Depend on what makes it, or correct the path.`,
    });
  // A file that is written anew is another file: the name that Havn made for it goes along.
  if (observed.kind !== "absent" && (observed.kind !== "file" || !(force || observed.ours)))
    throw inTheWay(path, "Set force: true to replace a file by the link, or move away what is there.");
  return {
    action: observed.kind === "absent" ? "create" : "replace",
    changes: [{ property: "target", after: target }],
    operations: [{ kind: "hard link", path, target }],
  };
}

const inTheWay = (path: string, detail: string) =>
  new HavnError(`${path} is there and is something else`, { detail });
