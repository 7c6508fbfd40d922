import { HavnError } from "@havn/model";
import { z } from "zod";
import { nothing, part, planOf, run } from "../parts.ts";
import { absolutePath } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const alternativesSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[^\s/]+$/, 'expected the name of a group of alternatives, such as "editor"')
    .describe("as update-alternatives knows it"),
  path: absolutePath.describe("what is to be used"),
  link: absolutePath
    .optional()
    .describe("generic path, such as /usr/bin/editor: makes `path` an alternative if no package has done so"),
  priority: z.number().int().default(50).describe("of `path`, where it is made an alternative"),
});
export type AlternativesProperties = z.output<typeof alternativesSchema>;

export interface AlternativesObserved {
  /** "auto": the one with the highest priority is used. Undefined where there is no such group. */
  status?: "auto" | "manual" | undefined;
  current: string;
  choices: string[];
  /** Whether anything was done by Havn, and how it was before that. */
  before?: { status?: string; registered: boolean } | undefined;
  /** `path` was among the choices already when this was read. */
  registered: boolean;
}

const alternatives: ResourceDefinition<AlternativesProperties, AlternativesObserved> = {
  type: "alternatives",
  schema: alternativesSchema,
  plan: planAlternatives,
  watches: ({ name }) => [`/etc/alternatives/${name}`, `/var/lib/dpkg/alternatives/${name}`],
  before: ({ status, registered }) => ({ ...(status && { status }), registered }),
};
export default alternatives;

function planAlternatives(
  observed: AlternativesObserved,
  desired: AlternativesProperties,
  wanted: Wanted,
): HostPlan {
  const { name, path, link, priority } = desired;
  if (wanted === "absent") return planRemoval(observed, desired);
  if (!observed.registered && link === undefined)
    throw new HavnError(`${path} is no alternative for ${name}`, {
      detail: `It can be ${observed.choices.join(", ") || "nothing yet"}. Install the package that brings it and depend on it, or give \`link\`.`,
    });
  const install = ["update-alternatives", "--install", link ?? "", name, path, `${priority}`];
  const same = observed.current === path && observed.status === "manual";
  return planOf(
    observed.status ? "update" : "create",
    observed.registered ? nothing : part("choice", undefined, path, run(...install)),
    same ? nothing : part("path", describe(observed), path, run("update-alternatives", "--set", name, path)),
  );
}

const describe = ({ current, status }: AlternativesObserved): string | undefined =>
  current === "" ? undefined : status === "auto" ? `${current} (automatic)` : current;

function planRemoval(observed: AlternativesObserved, { name, path }: AlternativesProperties): HostPlan {
  const { before, status, current, registered } = observed;
  if (!before || status === undefined) return unchanged;
  return planOf(
    "delete",
    registered && !before.registered
      ? part("choice", path, undefined, run("update-alternatives", "--remove", name, path))
      : nothing,
    // Taking a choice away makes the rest automatic by itself.
    before.registered && status === "manual" && current === path && before.status === "auto"
      ? part("path", current, "automatic", run("update-alternatives", "--auto", name))
      : nothing,
  );
}
