import { z } from "zod";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const packageSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]+$/, "expected a Debian package name")
    .describe("as apt knows it"),
  version: z
    .string()
    .regex(/^[A-Za-z0-9.+:~-]+$/, "expected a Debian version")
    .optional()
    .describe("exactly this version; absent: whichever is installed, or the newest when none is"),
  absent: z.boolean().default(false).describe("true: the package must not be installed"),
});
export type PackageProperties = z.output<typeof packageSchema>;

/** `installed` is its version; `ours`: Havn installed it. */
export interface PackageObserved {
  installed?: string | undefined;
  ours: boolean;
}

export const debianPackage: ResourceDefinition<PackageProperties, PackageObserved> = {
  type: "package",
  schema: packageSchema,
  plan: planPackage,
};
export default debianPackage;

function planPackage(observed: PackageObserved, desired: PackageProperties, wanted: Wanted): HostPlan {
  const { name, version } = desired;
  const { installed, ours } = observed;
  if (desired.absent || wanted === "absent") {
    // What was there before Havn came is not Havn's to remove when it is merely no longer declared.
    if (installed === undefined || (!desired.absent && !ours)) return unchanged;
    return {
      action: "delete",
      changes: [{ property: "version", before: installed }],
      operations: [{ kind: "apt", install: [], remove: [name] }],
    };
  }
  const install = { kind: "apt" as const, install: [version ? `${name}=${version}` : name], remove: [] };
  if (installed === undefined)
    return {
      action: "create",
      changes: [{ property: "version", after: version ?? "newest" }],
      operations: [install],
    };
  if (version === undefined || version === installed) return unchanged;
  return {
    action: "update",
    changes: [{ property: "version", before: installed, after: version }],
    operations: [install],
  };
}
