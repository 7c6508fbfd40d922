import { z } from "zod";
import { part, planOf, run, withSource } from "../parts.ts";
import { absolutePath } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const npmPackageSchema = z.strictObject({
  name: z
    .string()
    .regex(/^(@[a-z0-9._~-]+\/)?[a-z0-9._~-]+$/, "expected the name of a package")
    .describe("as npm knows it"),
  directory: absolutePath.optional().describe("project to install it in; absent: for the whole host"),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+[A-Za-z0-9.+-]*$/, 'expected a version such as "5.1.0"')
    .optional()
    .describe("exactly this version; absent: whichever is installed, or the newest"),
  registry: z
    .string()
    .regex(/^https?:\/\/[^\s@]+$/, "expected an address without a password in it")
    .optional()
    .describe("package registry; absent: npm's own"),
  absent: z.boolean().default(false).describe("true: the package must not be installed"),
});
export type NpmPackageProperties = z.output<typeof npmPackageSchema>;

export interface NpmPackageObserved {
  installed?: string | undefined;
  ours: boolean;
}

const npmPackage: ResourceDefinition<NpmPackageProperties, NpmPackageObserved> = {
  type: "npm.package",
  schema: npmPackageSchema,
  plan: planPackage,
};
export default npmPackage;

function planPackage(observed: NpmPackageObserved, desired: NpmPackageProperties, wanted: Wanted): HostPlan {
  const { name, directory, version, registry, absent } = desired;
  const { installed, ours } = observed;
  const where = directory === undefined ? ["--global"] : ["--prefix", directory];
  const npm = (verb: string, ...words: string[]) =>
    run("npm", verb, ...where, "--no-audit", "--no-fund", "--no-update-notifier", ...words);
  const from = registry === undefined ? [] : ["--registry", registry];
  if (absent || wanted === "absent") {
    if (installed === undefined || (!absent && !ours)) return unchanged;
    const uninstall = withSource(npm("uninstall", "--", name), from);
    return planOf("delete", part("version", installed, undefined, uninstall));
  }
  if (installed !== undefined && (version === undefined || version === installed)) return unchanged;
  const entry = version === undefined ? name : `${name}@${version}`;
  const install = npm("install", "--save-exact", ...from, "--", entry);
  return planOf(
    installed === undefined ? "create" : "update",
    part("version", installed, version ?? "newest", install),
  );
}
