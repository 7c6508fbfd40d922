import { addressSchema } from "@havn/model";
import { z } from "zod";
import { triggersOf } from "../running.ts";
import { absolutePath } from "../text.ts";
import { type ResourceDefinition, type Trigger, unchanged } from "../type.ts";

export const rebootSchema = z
  .strictObject({
    on: z.array(addressSchema).default([]).describe("it reboots after one of these has changed"),
    onFile: absolutePath
      .optional()
      .describe('it reboots where this file is there, such as "/run/reboot-required"'),
  })
  .refine(({ on, onFile }) => on.length > 0 || onFile !== undefined, {
    message: "expected on or onFile: nothing reboots with every apply",
  });
export type RebootProperties = { on: string[]; onFile?: string | undefined };

/** `asked`: the file that asks for it is there. */
export interface RebootObserved {
  asked: boolean;
  pending: Trigger[];
}

/**
 * The agent goes down in the middle of its bundle. Asked again by the control plane when it is back, it finds nothing
 * more to do here, since the causes are settled before the host goes, and goes on behind it.
 */
const reboot: ResourceDefinition<RebootProperties, RebootObserved> = {
  type: "reboot",
  schema: rebootSchema,
  opaque: true,
  paths: ({ onFile }) => (onFile === undefined ? [] : [onFile]),
  triggers: triggersOf,
  plan({ asked, pending }, { on, onFile }, wanted) {
    if (wanted === "absent" || (!asked && pending.length === 0)) return unchanged;
    const why = [
      ...(asked && onFile ? [`${onFile} is there`] : []),
      ...pending.map((one) => `${one.on} changed`),
    ];
    return {
      action: "update",
      changes: [{ property: "reboots", after: why.join(", ") }],
      operations: [{ kind: "reboot", settles: on }],
      // Enforcing a file's content must not take a host down at some hour of the night.
      everyTime: true,
    };
  },
};
export default reboot;
