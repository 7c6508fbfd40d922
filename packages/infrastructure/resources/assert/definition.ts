import { HavnError } from "@havn/model";
import { z } from "zod";
import {
  hasOneProbe,
  needsOneProbe,
  type ProbeProperties,
  probedPaths,
  probeOf,
  probeShape,
  showProbe,
} from "../probes.ts";
import { type ResourceDefinition, unchanged } from "../type.ts";

export const assertSchema = z
  .strictObject({
    ...probeShape,
    message: z.string().min(1).optional().describe("what a person is told when it is not so, and what to do"),
  })
  .refine(hasOneProbe, needsOneProbe);
export type AssertProperties = ProbeProperties & { message?: string | undefined };

/** `why` it is not so. */
export interface AssertObserved {
  why?: string | undefined;
}

const assertion: ResourceDefinition<AssertProperties, AssertObserved> = {
  type: "assert",
  schema: assertSchema,
  paths: probedPaths,
  plan({ why }, desired, wanted) {
    if (why === undefined || wanted === "absent") return unchanged;
    throw new HavnError(desired.message ?? `It was asserted that ${showProbe(probeOf(desired))}`, {
      detail: `It is not so: ${why}. What depends on it is not done.`,
    });
  },
};
export default assertion;
