import { z } from "zod";
import { nothing, part, planOf, run, withSource } from "../parts.ts";
import { absolutePath } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

const plainUrl = z
  .string()
  .regex(/^(https?|file):\/\/[^\s@]+$|^\/\S+$/, "expected an address without a password in it, or a path");

export const pipPackageSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9,._-]+\])?$/,
      "expected the name of a package",
    )
    .describe('as pip knows it; extras in brackets: "uvicorn[standard]"'),
  environment: absolutePath.describe("virtual environment, which is made if it is not there"),
  version: z
    .string()
    .regex(/^[A-Za-z0-9.+!]+$/, "expected a version")
    .optional()
    .describe("exactly this version; absent: whichever is installed, or the newest"),
  index: plainUrl.optional().describe("package index; absent: pip's own"),
  wheels: absolutePath.optional().describe("folder of packages on the host, used in place of an index"),
  python: absolutePath.default("/usr/bin/python3").describe("interpreter of a new environment"),
  absent: z.boolean().default(false).describe("true: the package must not be installed"),
});
export type PipPackageProperties = z.output<typeof pipPackageSchema>;

export interface PipPackageObserved {
  /** The environment is there. */
  environment: boolean;
  installed?: string | undefined;
  ours: boolean;
}

const pipPackage: ResourceDefinition<PipPackageProperties, PipPackageObserved> = {
  type: "pip.package",
  schema: pipPackageSchema,
  plan: planPackage,
};
export default pipPackage;

function planPackage(observed: PipPackageObserved, desired: PipPackageProperties, wanted: Wanted): HostPlan {
  const { name, environment, version, index, wheels, python, absent } = desired;
  const { installed, ours } = observed;
  const pip = `${environment}/bin/pip`;
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
  const from = [
    ...(index === undefined ? [] : ["--index-url", index]),
    ...(wheels === undefined ? [] : ["--no-index", "--find-links", wheels]),
  ];
  if (absent || wanted === "absent") {
    if (installed === undefined || (!absent && !ours)) return unchanged;
    const uninstall = run(pip, "uninstall", ...quiet, "--yes", "--", name.replace(/\[.*/, ""));
    return planOf("delete", part("version", installed, undefined, withSource(uninstall, from)));
  }
  if (installed !== undefined && (version === undefined || version === installed)) return unchanged;
  const entry = version === undefined ? name : `${name}==${version}`;
  return planOf(
    installed === undefined ? "create" : "update",
    observed.environment
      ? nothing
      : part("environment", undefined, environment, run(python, "-m", "venv", environment)),
    part("version", installed, version ?? "newest", run(pip, "install", ...quiet, ...from, "--", entry)),
  );
}
