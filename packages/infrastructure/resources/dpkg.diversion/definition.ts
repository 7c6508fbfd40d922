import { HavnError } from "@havn/model";
import { z } from "zod";
import { part, planOf, run } from "../parts.ts";
import { absolutePath } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const dpkgDiversionSchema = z.strictObject({
  path: absolutePath.describe("file that packages shall not put here"),
  to: absolutePath.optional().describe("where they put it instead; absent: PATH.distrib"),
  absent: z.boolean().default(false).describe("true: packages put it in its place again"),
});
export type DpkgDiversionProperties = z.output<typeof dpkgDiversionSchema>;

export interface DpkgDiversionObserved {
  /** Where the file is diverted to; undefined where it is not. */
  to?: string | undefined;
  /** The package that diverts it; ":" for an administrator's own diversion. */
  by?: string | undefined;
  ours: boolean;
}

const dpkgDiversion: ResourceDefinition<DpkgDiversionProperties, DpkgDiversionObserved> = {
  type: "dpkg.diversion",
  schema: dpkgDiversionSchema,
  plan: planDiversion,
  watches: () => ["/var/lib/dpkg/diversions"],
  shares: () => ["/var/lib/dpkg/diversions"],
};
export default dpkgDiversion;

function planDiversion(
  observed: DpkgDiversionObserved,
  desired: DpkgDiversionProperties,
  wanted: Wanted,
): HostPlan {
  const { path, to = `${path}.distrib`, absent } = desired;
  const remove = run("dpkg-divert", "--quiet", "--local", "--rename", "--remove", path);
  if (absent || wanted === "absent") {
    if (observed.to === undefined || (!absent && !observed.ours)) return unchanged;
    refusePackages(observed, path);
    return planOf("delete", part("to", observed.to, undefined, remove));
  }
  const add = run("dpkg-divert", "--quiet", "--local", "--rename", "--divert", to, "--add", path);
  if (observed.to === undefined) return planOf("create", part("to", undefined, to, add));
  if (observed.to === to && observed.by === ":") return unchanged;
  refusePackages(observed, path);
  return planOf("update", part("to", observed.to, to, remove, add));
}

function refusePackages({ by, to }: DpkgDiversionObserved, path: string): void {
  if (by === undefined || by === ":") return;
  throw new HavnError(`${path} is diverted to ${to} by the package ${by}`, {
    detail: `Havn does not undo what a package does. Remove ${by}, or divert another file.`,
  });
}
