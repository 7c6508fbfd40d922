import { durationText, parseDuration } from "@havn/model";
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

export const waitSchema = z
  .strictObject({
    ...probeShape,
    timeout: durationText.default("1m").describe("how long at most; then it has failed"),
    interval: durationText.default("500ms").describe("how often it looks"),
  })
  .refine(hasOneProbe, needsOneProbe);
export type WaitProperties = ProbeProperties & { timeout: string; interval: string };

/** `why` it is not so yet. */
export interface WaitObserved {
  why?: string | undefined;
}

const wait: ResourceDefinition<WaitProperties, WaitObserved> = {
  type: "wait",
  schema: waitSchema,
  paths: probedPaths,
  plan({ why }, desired, wanted) {
    if (why === undefined || wanted === "absent") return unchanged;
    const { timeout, interval } = desired;
    const probe = probeOf(desired);
    const timing = { timeoutMs: parseDuration(timeout), intervalMs: parseDuration(interval) };
    return {
      action: "update",
      changes: [{ property: "waits", before: why, after: showProbe(probe) }],
      operations: [{ kind: "wait", probe, ...timing }],
      everyTime: true,
    };
  },
};
export default wait;
